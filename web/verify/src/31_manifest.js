// Step 2: the manifest and its signature.

const MANIFEST = 'manifest.json'
const SIGNATURE = 'manifest.sig'
const LEDGER = 'ledger.jsonl'
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024
const AUDIENCES = ['office', 'applicant', 'court']
const MANIFEST_SHAPE = {
  record: {
    format_version: 'count',
    inspection: { record: { id: 'name', number: 'text' } },
    created_at: 'instant',
    product: 'text',
    public_key: 'name',
    audience: { one_of: AUDIENCES },
    ledger: { record: { entries: 'count', head: 'digest' } },
    members: { list_of: { record: { name: 'name', bytes: 'count', sha256: 'digest' } } },
    withheld: { list_of: 'any' },
  },
}
const RULE = { one_of: ['erased', 'redacted', 'audience'] }
const WITHHELD_SHAPES = {
  journal: { session: 'name', track: 'name', from_index: 'count', to_index: 'count' },
  track: { session: 'name', track: 'name' },
  still: { still: 'name' },
  still_tiles: { still: 'name', tiles: { list_of: 'count' } },
  opening: { seq: 'count', path: 'name' },
  file: { name: 'file' },
}

async function readManifest(check) {
  const content = await smallMember(check, MANIFEST, MAX_MANIFEST_BYTES, 'manifest_unparsable')
  const manifest = parseManifest(content)
  const signature = await smallMember(check, SIGNATURE, 88, 'manifest_signature')
  const key = new Ed25519Key(strictBase64(manifest.public_key))
  const message = concat(utf8.encode('yuntakan-manifest-v1\n'), sha256(content))
  need(await key.verifies(latin1(signature), message), 'manifest_signature', SIGNATURE)
  check.zip.requireSound(MANIFEST)
  check.zip.requireSound(SIGNATURE)
  check.manifest = manifest
  check.manifestKey = key
  check.prove('manifest_signed', { fingerprint: key.id })
}

async function smallMember(check, name, limit, code) {
  need(check.zip.has(name), 'member_missing', name)
  need(check.zip.size(name) <= limit, code, name)
  return check.zip.bytes(name)
}

function parseManifest(content) {
  const code = 'manifest_unparsable'
  const fields = parseCanonical(content, code, MANIFEST)
  need(isObject(fields) && Number.isInteger(fields.format_version), code, MANIFEST)
  need(fields.format_version === 1, 'format_unknown', MANIFEST)
  need(fits(MANIFEST_SHAPE, fields), code, MANIFEST)
  need(strictBase64(fields.public_key)?.length === 32, code, `${MANIFEST} public_key`)
  const names = new Set(fields.members.map((member) => member.name.toLowerCase()))
  need(names.size === fields.members.length && fields.members.every((one) => isPlainName(one.name)), code, `${MANIFEST} members`)
  fields.withheld.forEach((one, place) => {
    const shape = isObject(one) && typeof one.kind === 'string' && Object.hasOwn(WITHHELD_SHAPES, one.kind) && WITHHELD_SHAPES[one.kind]
    const right = shape && fitsRecord({ kind: 'name', rule: RULE, ...shape }, one, true)
    need(right, code, `${MANIFEST} withheld ${place}`)
  })
  return fields
}

/** Step 3: the members are those of the manifest, with its lengths. */
function requireListed(check) {
  const listed = new Map(check.manifest.members.map((member) => [member.name, member]))
  for (const name of [...listed.keys(), LEDGER, OPENINGS, CHECKPOINTS, KEYS]) {
    need(check.zip.has(name) && listed.has(name), 'member_missing', name)
  }
  for (const name of check.zip.names().sort()) {
    need(listed.has(name) || name === MANIFEST || name === SIGNATURE, 'member_unexpected', name)
  }
  for (const member of listed.values()) need(check.zip.size(member.name) === member.bytes, 'member_digest', member.name)
  check.listed = listed
}

/** The pieces of a member, while its digest is taken; afterwards it has to be the manifest's, and the ZIP's CRC-32 too. */
async function* listedChunks(check, name) {
  const digest = new Sha256()
  for await (const chunk of check.zip.chunks(name)) {
    digest.update(chunk)
    yield chunk
  }
  check.digests.set(name, digest.hex())
}

function requireDigest(check, name, sha256Hex = check.digests.get(name)) {
  need(sha256Hex === check.listed.get(name).sha256, 'member_digest', name)
  check.zip.requireSound(name)
  check.read.add(name)
}
