// Step 6: what opens the commitments that stand in entries in place of names, addresses and free text.

const OPENINGS = 'openings.jsonl'
const OPENING_FIELDS = { seq: 'integer', path: 'text', salt: 'text', value: 'any' }
const COMMITMENT_CONTEXT = utf8.encode('yuntakan-commitment-v1\n')

async function readOpenings(check) {
  const whereLine = (n) => `${OPENINGS} line ${n}`
  let before = null
  let count = 0
  for await (const line of linesOf(listedChunks(check, OPENINGS), 'opening_unparsable', whereLine)) {
    count += 1
    const where = whereLine(count)
    const said = parseOpening(line, where)
    need(before === null || comesBefore(before, said), 'opening_unparsable', where)
    openCommitment(check, said, where)
    before = said
    if (count % 200 === 0) await check.pause()
  }
  requireDigest(check, OPENINGS)
  check.openingsRead = true
  if (count) check.prove('openings_match', { count })
}

function parseOpening(line, where) {
  const said = parseCanonical(line, 'opening_unparsable', where)
  need(isObject(said) && fitsRecord(OPENING_FIELDS, said, true), 'opening_unparsable', where)
  said.saltBytes = strictBase64(said.salt)
  need(said.saltBytes?.length === 16, 'opening_unparsable', where)
  return said
}

/** By number of the entry, then by the path's UTF-8 bytes. */
function comesBefore(a, b) {
  if (a.seq !== b.seq) return a.seq < b.seq
  return compareBytes(utf8.encode(a.path), utf8.encode(b.path)) < 0
}

function compareBytes(a, b) {
  for (let at = 0; at < a.length && at < b.length; at++) if (a[at] !== b[at]) return a[at] - b[at]
  return a.length - b.length
}

function openCommitment(check, { seq, path, saltBytes, value }, where) {
  const committed = check.commitments[seq - 1]?.get(path)
  need(committed !== undefined, 'opening_digest', where)
  const found = hex(sha256(COMMITMENT_CONTEXT, saltBytes, canonicalBytes(value)))
  need(found === committed, 'opening_digest', where)
  check.openings.set(`${seq} ${path}`, value)
}

/** With what a commitment is erased; undefined where its kind does not say. */
function classOf({ kind, payload }, path) {
  if (path === '/actor/name') return 'person'
  const [, top, ...steps] = path.split('/')
  return top === 'payload' ? classBelow(KINDS[kind], payload, steps) : undefined
}

function classBelow(shape, value, steps) {
  if (typeof shape === 'string') return undefined
  if (shape.either) return classBelow(shape.either.find((one) => fits(one, value)), value, steps)
  if (shape.personal) return steps.length ? undefined : shape.class
  if (!steps.length) return undefined
  const [step, ...rest] = steps
  if (shape.list_of) return classBelow(shape.list_of, value[step], rest)
  const key = [step, `${step}?`].find((one) => shape.record && Object.hasOwn(shape.record, one))
  return key === undefined || step.endsWith('?') ? undefined : classBelow(shape.record[key], value[step], rest)
}

/** Each commitment in an entry's actor and payload, by its JSON pointer (RFC 6901), in the order of their UTF-8 bytes. */
function commitmentsOf(entry) {
  const found = []
  const walk = (value, path) => {
    if (isCommitment(value)) found.push([path, value.c])
    else if (value !== null && typeof value === 'object') {
      for (const key of Object.keys(value)) walk(value[key], `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    }
  }
  walk(entry.actor, '/actor')
  walk(entry.payload, '/payload')
  return new Map(found.sort(([a], [b]) => compareBytes(utf8.encode(a), utf8.encode(b))))
}
