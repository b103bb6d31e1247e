// Step 5: each entry canonical, in its place, chained, hashed and signed, and of a known kind.

const ENTRY_KEYS = ['actor', 'at', 'device_at', 'hash', 'inspection', 'kind', 'payload', 'prev', 'seq', 'sig', 'subject', 'v']
const ENTRY_FIELDS = {
  v: 'count', inspection: 'name', seq: 'count', kind: 'name',
  actor: { record: { role: 'name', id: 'name', name: 'any', level: 'name' } },
  'subject?': 'text', at: 'instant', 'device_at?': 'instant', payload: 'object', prev: 'digest', hash: 'digest', sig: 'name',
}

const whereEntry = (seq) => `${LEDGER} entry ${seq}`

async function readLedger(check) {
  let prev = ZEROS
  for await (const line of linesOf(listedChunks(check, LEDGER), 'ledger_unparsable', whereEntry)) {
    const entry = parseEntry(line, check.entries.length + 1)
    await requireEntry(check, entry, prev)
    requireOpening(check, entry)
    check.entries.push(entry)
    check.leaves.push(fromHex(entry.hash))
    check.commitments.push(commitmentsOf(entry))
    takeEntry(check.attested, entry)
    prev = entry.hash
    if (entry.seq % 200 === 0) await check.pause()
  }
  const { entries, head } = check.manifest.ledger
  need(check.entries.length === entries && prev === head, 'ledger_head', whereEntry(check.entries.length))
  need(!entries || check.attested.count('opened'), 'ledger_unparsable', whereEntry(entries))
  requireDigest(check, LEDGER)
  check.prove('entries_chained', { entries })
}

function parseEntry(line, seq) {
  const where = whereEntry(seq)
  const entry = parseCanonical(line, 'ledger_unparsable', where)
  const shaped = isObject(entry) && Object.keys(entry).sort().join() === ENTRY_KEYS.join() && fitsRecord(ENTRY_FIELDS, entry, true)
  need(shaped, 'ledger_unparsable', where)
  const { role, name } = entry.actor // the server by its name, a person by a commitment
  need(role === 'system' ? fits('name', name) : isCommitment(name), 'ledger_unparsable', where)
  return entry
}

async function requireEntry(check, entry, prev) {
  const where = whereEntry(check.entries.length + 1)
  need(entry.v === 1, 'format_unknown', where)
  need(entry.seq === check.entries.length + 1, 'entry_seq', where)
  need(entry.inspection === check.manifest.inspection.id, 'entry_inspection', where)
  need(entry.prev === prev, 'entry_prev', where)
  const { hash, sig, ...body } = entry
  const digest = sha256(canonicalBytes(body))
  need(hex(digest) === hash, 'entry_hash', where)
  if (entry.kind === 'key_changed') changeKey(check, entry, where)
  const fitsKey = await check.keys[check.keyAt].key.verifies(sig, concat(utf8.encode('yuntakan-entry-v1\n'), digest))
  need(fitsKey, 'entry_signature', where)
  need(Object.hasOwn(KINDS, entry.kind), 'entry_kind_unknown', where)
  need(fits(KINDS[entry.kind], entry.payload), 'ledger_unparsable', where)
}

/** The first entry that is no change of keys opens the inspection of the manifest; no other does. */
function requireOpening(check, { seq, kind, payload }) {
  if (kind === 'key_changed') return
  const isOpen = check.attested.count('opened') > 0
  need((kind === 'opened') !== isOpen, 'ledger_unparsable', whereEntry(seq))
  need(isOpen || payload.number === check.manifest.inspection.number, 'entry_inspection', whereEntry(seq))
}

/** From this entry on, itself included, entries are signed by a later key of the history. */
function changeKey(check, { payload }, where) {
  const { n, key_id: id } = payload
  const known = Number.isInteger(n) && n > check.keyAt && n < check.keys.length && check.keys[n].key.id === id
  need(known, 'key_history', where)
  check.keyAt = n
}
