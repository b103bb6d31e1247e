// The steps in their order; the first that fails is the verdict's problem. `verifyPackage` is all that the page calls.

class Check {
  constructor(given) {
    this.receiptTexts = given.receipts ?? []
    this.trustedKeys = given.keys ?? []
    this.roots509 = given.roots ?? []
    this.onProgress = given.onProgress ?? (() => {})
    this.proven = []
    this.digests = new Map()
    this.read = new Set()
    this.entries = []
    this.leaves = []
    this.commitments = []
    this.roots = []
    this.checkpoints = []
    this.openings = new Map()
    this.openingsRead = false
    this.stamps = []
    this.redacted = []
    this.attested = new Attested()
    this.keyAt = 0
    this.keyTrusted = false
    this.receiptsChecked = 0
    this.framesUnchecked = 0
    this.manifest = null
    this.at = ''
  }

  prove(key, values = {}) {
    this.proven.push({ key, values })
  }

  /** Tells how far it is, and lets the page draw. */
  async pause() {
    this.onProgress(this.done ?? 0, this.whole ?? 0, this.at)
    await breathe()
  }
}

const STEPS = [
  ['manifest', readManifest],
  ['members', requireListed],
  ['keys', readKeys],
  ['ledger', readLedger],
  ['openings', readOpenings],
  ['checkpoints', readCheckpoints],
  ['receipts', checkReceipts],
  ['timestamps', readTimestamps],
  ['bound', requireBound],
  ['journals', readJournals],
  ['files', readFiles],
  ['frames', requireFrameClaims],
  ['rest', readRest],
]

/**
 * The verdict on a package. `file`: a File, or anything with `size` and `slice(from, to).arrayBuffer()`. `given`:
 * {keys: raw Ed25519 keys, roots: parsed certificates, receipts: texts or bytes, onProgress(done, whole, step)}.
 */
async function verifyPackage(file, given = {}) {
  const check = new Check(given)
  check.whole = file.size
  check.done = 0
  let told = 0
  const onRead = (length) => {
    check.done += length
    if (check.done - told < CHUNK_BYTES) return
    told = check.done
    check.onProgress(check.done, check.whole, check.at)
  }
  try {
    check.at = 'zip'
    check.zip = await openZip(file, onRead)
    for (const [name, step] of STEPS) {
      check.at = name
      await step(check)
      await check.pause()
    }
  } catch (error) {
    if (error instanceof Unreadable) return verdictOf(check, 'unreadable', null)
    if (error instanceof Broken) return verdictOf(check, 'broken', { code: error.code, where: error.where })
    return verdictOf(check, 'broken', { code: 'not_verifiable', where: `${check.at}: ${error?.message ?? error}` })
  }
  return verdictOf(check, 'whole', null)
}

async function readRest(check) {
  for (const { name } of check.manifest.members) {
    if (check.read.has(name)) continue
    const digest = new Sha256()
    for await (const chunk of check.zip.chunks(name)) digest.update(chunk)
    requireDigest(check, name, digest.hex())
  }
  check.prove('members_listed', { count: check.manifest.members.length + 2 })
}

function verdictOf(check, state, problem) {
  return { state, problem, proven: check.proven, claimed: check.manifest ? [...claims(check, state === 'whole')] : [], check }
}

/** What stands in the package without being shown by it. */
function* claims(check, isWhole) {
  const say = (key, values = {}) => ({ key, values })
  if (!check.keyTrusted) yield say(isWhole ? 'self_consistent' : 'key_unchecked')
  if (!check.receiptsChecked) yield say('no_receipt')
  const { attested } = check
  const { first, last } = attested
  if (first && !check.stamps.some((stamp) => stamp.root !== null && !stamp.isTest)) yield say('no_timestamp')
  const unrooted = check.stamps.filter((stamp) => stamp.root === null).length
  if (unrooted) yield say('timestamps_unrooted', { count: unrooted })
  if (check.stamps.some((stamp) => stamp.isTest)) yield say('timestamps_test')
  if (attested.count('timestamp_failed')) yield say('timestamps_failed', { count: attested.count('timestamp_failed') })
  if (first) yield say('server_clock', { first, last })
  if (attested.backward) yield say('clock_backward', { count: attested.backward })
  if (attested.count('identity') || attested.count('presence')) yield say('identities')
  if (attested.count('fix')) yield say('positions', { count: attested.count('fix') })
  if (attested.count('no_fix')) yield say('no_positions', { count: attested.count('no_fix') })
  const gaps = attested.count('gap') + attested.count('torn')
  if (gaps) yield say('gaps', { count: gaps })
  for (const [cause, ms] of attested.gaps) yield say('gap', { cause, seconds: (ms / 1000).toFixed(1) })
  if (attested.count('recovered')) yield say('recovered', { count: attested.count('recovered') })
  if (attested.count('still')) yield say('stills_not_decoded')
  if (check.framesUnsigned) yield say('frames_unsigned')
  if (check.framesUnchecked) yield say('frames_unchecked', { count: check.framesUnchecked })
  if (attested.count('track')) yield say('scene')
  yield say('limits')
}

/** Public keys and root certificates in a text: PEM, or a raw key in base64 or hexadecimal. TypeError for anything else. */
function parseTrust(text) {
  const given = text.trim()
  if (given.includes('-----BEGIN')) {
    const keys = pemBlocks(given, 'PUBLIC KEY').map((der) => rawKeyOf(der))
    const roots = readCertificates(pemBlocks(given, 'CERTIFICATE')).filter(isTimestampRoot)
    if (!keys.length && !pemBlocks(given, 'CERTIFICATE').length) throw new TypeError('neither a key nor a certificate')
    return { keys, roots }
  }
  const raw = /^[0-9a-fA-F]{64}$/.test(given) ? fromHex(given) : strictBase64(given)
  if (raw?.length !== 32) throw new TypeError('an Ed25519 public key has 32 bytes')
  return { keys: [raw], roots: [] }
}

/** RFC 8410: the SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key. */
function rawKeyOf(der) {
  if (hex(der.subarray(0, 12)) !== '302a300506032b6570032100' || der.length !== 44) throw new TypeError('not an Ed25519 public key')
  return der.subarray(12)
}
