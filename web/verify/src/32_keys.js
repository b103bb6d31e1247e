// Step 4: the history of keys, each signed by the one before, and the keys that were given as trusted.

const KEYS = 'keys.jsonl'
const KEY_FIELDS = {
  v: 'count', n: 'count', public_key: 'name', from: 'instant', prev: 'digest', sig_new: 'name', 'sig_old?': 'name',
}
const KEY_NAMES = ['from', 'n', 'prev', 'public_key', 'sig_new', 'sig_old', 'v']

async function readKeys(check) {
  const whereLine = (n) => `${KEYS} line ${n}`
  const keys = []
  for await (const line of linesOf(listedChunks(check, KEYS), 'keys_unparsable', whereLine)) {
    keys.push({ ...parseKeyLine(line, whereLine(keys.length + 1)), digest: hex(sha256(line)) })
  }
  need(keys.length > 0, 'key_history', whereLine(1))
  for (const [place, said] of keys.entries()) await requireKeyLine(said, keys.slice(0, place), whereLine(place + 1))
  const newest = keys[keys.length - 1]
  need(sameBytes(newest.key.raw, check.manifestKey.raw), 'key_history', whereLine(keys.length))
  const trusted = keys.find((one) => check.trustedKeys.some((raw) => sameBytes(raw, one.key.raw)))
  need(trusted || !check.trustedKeys.length, 'key_not_trusted', KEYS)
  requireDigest(check, KEYS)
  check.keys = keys
  check.prove('keys_chained', { count: keys.length })
  if (!trusted) return
  check.keyTrusted = true
  check.prove(trusted === newest ? 'key_trusted' : 'key_trusted_before', { n: trusted.n })
}

function parseKeyLine(line, where) {
  need(line.length <= 1024, 'keys_unparsable', where)
  const said = parseCanonical(line, 'keys_unparsable', where)
  const shaped = isObject(said) && Object.keys(said).sort().join() === KEY_NAMES.join() && fitsRecord(KEY_FIELDS, said, true)
  need(shaped && said.v === 1, 'keys_unparsable', where)
  const raw = strictBase64(said.public_key)
  need(raw?.length === 32, 'keys_unparsable', where)
  said.key = new Ed25519Key(raw)
  return said
}

async function requireKeyLine(said, before, where) {
  const { key, digest: _, sig_new: bySelf, sig_old: byOld, ...unsigned } = said
  const message = concat(utf8.encode('yuntakan-key-v1\n'), sha256(canonicalBytes(unsigned)))
  const last = before[before.length - 1]
  const inPlace = said.n === before.length && said.prev === (last?.digest ?? ZEROS) && (byOld === null) === (last === undefined)
  const isNew = before.every((one) => !sameBytes(one.key.raw, key.raw))
  need(inPlace && isNew, 'key_history', where)
  need(await key.verifies(bySelf, message), 'key_history', where)
  need(!last || (await last.key.verifies(byOld, message)), 'key_history', where)
}
