// Step 9: time-stamp tokens of outside authorities (RFC 3161, RFC 5652) over checkpoints, then challenge codes.

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const ATTRIBUTES = {
  contentType: '1.2.840.113549.1.9.3', messageDigest: '1.2.840.113549.1.9.4',
  certificate: '1.2.840.113549.1.9.16.2.12', certificateV2: '1.2.840.113549.1.9.16.2.47',
}
const MAX_TOKEN_BYTES = 65536

function parseToken(token) {
  derNeed(token.length <= MAX_TOKEN_BYTES, 'longer than a token')
  const outer = new DerFields(derOne(token, DER_SEQUENCE))
  derNeed(derOid(outer.next()) === SIGNED_DATA, 'no signed data')
  const signed = new DerFields(derOne(derContent(outer.next(), 0xa0), DER_SEQUENCE))
  outer.end()
  derNeed(derInteger(signed.next()) === 3n, 'signed data of another version')
  derAll(derContent(signed.next(), DER_SET)).forEach(derAlgorithm)
  const inside = new DerFields(signed.next())
  derNeed(derOid(inside.next()) === TST_INFO, 'no time stamp inside')
  const content = derContent(derOne(derContent(inside.next(), 0xa0), DER_OCTETS), DER_OCTETS)
  inside.end()
  const held = signed.find(0xa0)
  const certificates = held === null ? [] : derAll(held.content)
  derNeed(certificates.length <= 16, 'too many certificates')
  signed.find(0xa1)
  const signers = derAll(derContent(signed.next(), DER_SET))
  signed.end()
  derNeed(signers.length === 1, 'not one signer')
  const ders = certificates.filter((one) => one.tag === DER_SEQUENCE).map((one) => one.whole)
  return { content, certificates: ders, info: parseTstInfo(content), signer: parseSigner(signers[0]) }
}

function parseTstInfo(content) {
  const fields = new DerFields(derOne(content, DER_SEQUENCE))
  derNeed(derInteger(fields.next()) === 1n, 'a time stamp of another version')
  derOid(fields.next())
  const imprint = new DerFields(fields.next())
  const { oid: hash } = derAlgorithm(imprint.next())
  const digest = derContent(imprint.next(), DER_OCTETS)
  imprint.end()
  derInteger(fields.next())
  const atUs = tokenTimeUs(fields.next())
  const accuracy = fields.find(DER_SEQUENCE)
  const ordering = fields.find(DER_BOOLEAN)
  derNeed(ordering === null || hex(ordering.content) === 'ff', 'ordering not in its shortest form')
  const nonce = fields.find(DER_INTEGER)
  if (nonce) derInteger(nonce)
  fields.find(0xa0)
  fields.find(0xa1)
  fields.end()
  return { hash, digest, atUs, accuracyUs: accuracy === null ? 0 : accuracyUs(accuracy) }
}

/** Microseconds since 1970. */
function tokenTimeUs(item) {
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.([0-9]{0,8}[1-9]))?Z$/.exec(latin1(derContent(item, DER_TIME)))
  derNeed(found, 'no time in UTC')
  const [year, month, day, hour, minute, second] = found.slice(1, 7)
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  derNeed(isInstant(text) && Number(year) >= 1970 && Number(year) <= 2200, 'no such time')
  return Date.parse(text) * 1000 + Number((found[7] ?? '').padEnd(6, '0').slice(0, 6))
}

function accuracyUs(item) {
  const fields = new DerFields(item)
  const seconds = fields.find(DER_INTEGER)
  const parts = [fields.find(0x80), fields.find(0x81)]
  fields.end()
  const whole = seconds === null ? 0n : derInteger(seconds)
  const [millis, micros] = parts.map((part) => (part === null ? 0n : derInteger(part, part.tag)))
  const right = whole >= 0n && whole <= 86400n && [millis, micros].every((part) => part >= 0n && part <= 999n)
  derNeed(right, 'no accuracy')
  return Number(whole * 1000000n + millis * 1000n + micros)
}

function parseSigner(item) {
  const fields = new DerFields(item)
  const version = derInteger(fields.next())
  const named = fields.next()
  const byKey = named.tag === 0x80
  derNeed(version === (byKey ? 3n : 1n), 'a signer of another version')
  const name = byKey ? { keyId: named.content } : issuerAndSerial(named)
  const digest = derAlgorithm(fields.next())
  const attributes = fields.next()
  const held = signedAttributes(attributes)
  const algorithm = derAlgorithm(fields.next())
  const signature = derContent(fields.next(), DER_OCTETS)
  fields.find(0xa1)
  fields.end()
  const signedBytes = concat(Uint8Array.of(DER_SET), attributes.whole.subarray(1))
  return { ...name, digest, attributes: held, algorithm, signature, signedBytes }
}

function issuerAndSerial(item) {
  const fields = new DerFields(item)
  const issuer = fields.next()
  const serial = derInteger(fields.next())
  fields.end()
  derNeed(issuer.tag === DER_SEQUENCE, 'no name')
  return { issuer: issuer.whole, serial }
}

function signedAttributes(item) {
  const held = new Map()
  for (const one of derAll(derContent(item, 0xa0))) {
    const fields = new DerFields(one)
    const kind = derOid(fields.next())
    const values = derAll(derContent(fields.next(), DER_SET))
    fields.end()
    derNeed(!held.has(kind) && values.length === 1, 'an attribute with several values')
    held.set(kind, values[0])
  }
  return held
}

/** The certificate's digests as the signed attributes have them: [hash, digest] of each of the two that is there. */
function certificateDigests({ attributes }) {
  const found = []
  for (const [kind, first] of [[ATTRIBUTES.certificate, 'SHA-1'], [ATTRIBUTES.certificateV2, 'SHA-256']]) {
    const attribute = attributes.get(kind)
    if (!attribute) continue
    const fields = new DerFields(new DerFields(new DerFields(attribute).next()).next())
    const algorithm = first === 'SHA-256' ? fields.find(DER_SEQUENCE) : null
    const hash = algorithm === null ? first : HASH_NAMES[derAlgorithm(algorithm).oid]
    derNeed(hash, 'a digest of another kind')
    found.push([hash, derContent(fields.next(), DER_OCTETS)])
  }
  derNeed(found.length > 0, "no attribute names the signer's certificate")
  return found
}

async function digestOf(hash, bytes) {
  return new Uint8Array(await crypto.subtle.digest(hash, bytes))
}

async function findSigner({ signer, info }, given) {
  const names = certificateDigests(signer)
  for (const one of given) {
    const digests = await Promise.all(names.map(([hash]) => digestOf(hash, one.der)))
    if (!names.every(([, digest], at) => sameBytes(digest, digests[at]))) continue
    derNeed(isNamed(signer, one) && isTimestampSigner(one, info.atUs / 1000), 'not the certificate of a signer of time stamps')
    return one
  }
  throw new DerFault("the signer's certificate is not there")
}

function isNamed(signer, certificate) {
  if (!signer.keyId) return sameBytes(signer.issuer, certificate.issuer) && signer.serial === certificate.serial
  const held = certificate.extensions.get(EXTENSIONS.keyId)
  return held !== undefined && sameBytes(derContent(derOne(held.value, DER_OCTETS), DER_OCTETS), signer.keyId)
}

async function isSignedToken({ content, signer }, certificate) {
  const hash = HASH_NAMES[signer.digest.oid]
  const type = signer.attributes.get(ATTRIBUTES.contentType)
  const digest = signer.attributes.get(ATTRIBUTES.messageDigest)
  derNeed(hash && type && digest, 'no digest')
  const states = derOid(type) === TST_INFO && sameBytes(derContent(digest, DER_OCTETS), await digestOf(hash, content))
  const { salt } = signatureKind(signer.algorithm, hash)
  return states && fitsKey(certificate.keyInfo, signer.signature, signer.signedBytes, hash, salt)
}

function readCertificates(ders) {
  return ders.flatMap((der) => {
    try {
      return [parseCertificate(der)]
    } catch (error) {
      if (error instanceof DerFault) return []
      throw error
    }
  })
}

/** What the token says of the stamped bytes; Broken where it does not hold. */
async function checkToken(token, stamped, roots, extra, where) {
  const attempt = async (code, work) => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof DerFault) throw new Broken(code, where)
      throw error
    }
  }
  const parsed = await attempt('timestamp_unparsable', () => parseToken(token))
  const { hash, digest, atUs, accuracyUs: around } = parsed.info
  need(HASH_NAMES[hash] === 'SHA-256' && sameBytes(digest, sha256(stamped)), 'timestamp_imprint', where)
  const given = [...readCertificates(parsed.certificates), ...extra]
  const signer = await attempt('timestamp_signature', () => findSigner(parsed, given))
  const signed = await attempt('timestamp_signature', () => isSignedToken(parsed, signer))
  need(signed, 'timestamp_signature', where)
  const root = roots.length ? await findRoot(signer, given, roots, atUs / 1000) : null
  need(root || !roots.length, 'timestamp_chain', where)
  const iso = (us, round) => new Date(round(us / 1000)).toISOString()
  return { notBefore: iso(atUs - around, Math.floor), notAfter: iso(atUs + around, Math.ceil), signer: signer.name, root: root?.name ?? null }
}

async function readTimestamps(check) {
  const entries = check.attested.kept.timestamp
  const extra = []
  for (const name of check.listed.keys()) {
    if (!name.startsWith('certificates/') || check.zip.size(name) > MAX_TOKEN_BYTES) continue
    const found = pemBlocks(latin1(await check.zip.bytes(name)), 'CERTIFICATE').map((der) => readCertificates([der]))
    if (found.every((one) => one.length)) extra.push(...found.flat())
  }
  for (const { seq, payload } of entries) {
    const file = check.attested.files.get(payload.file)
    if (!check.listed.has(file.member)) continue // missing: the next step says so
    const where = `${file.member} entry ${seq}`
    need(check.zip.size(file.member) <= MAX_TOKEN_BYTES, 'timestamp_unparsable', where)
    const token = await check.zip.bytes(file.member)
    need(hex(sha256(token)) === file.sha256, 'timestamp_digest', where)
    const stamped = check.checkpoints.find((one) => one.size === payload.size && one.root === payload.root)
    need(stamped, 'timestamp_imprint', where)
    const facts = await checkToken(token, stamped.line, check.roots509, extra, where)
    check.stamps.push({ ...facts, seq, size: payload.size, isTest: payload.is_test })
  }
  checkChallenges(check)
  proveTimes(check)
}

/** What time is shown by tokens that lead to a given root; those of an authority for tests prove nothing. */
function proveTimes(check) {
  const outside = check.stamps.filter((stamp) => stamp.root !== null && !stamp.isTest)
  for (const size of [...new Set(outside.map((stamp) => stamp.size))].sort((a, b) => a - b)) {
    const first = outside.filter((stamp) => stamp.size >= size).reduce((a, b) => (b.notAfter < a.notAfter ? b : a))
    check.prove('not_later', { size, at: first.notAfter, who: first.root })
  }
  for (const { payload } of check.attested.kept.challenge) {
    const known = outside.filter((stamp) => stamp.seq <= payload.size)
    if (!known.length) continue
    const at = known.reduce((a, b) => (b.notBefore > a.notBefore ? b : a)).notBefore
    check.prove('not_earlier', { code: payload.code, at })
  }
}

function checkChallenges(check) {
  for (const { seq, payload } of check.attested.kept.challenge) {
    const { size, root, code, challenge_id: id } = payload
    const digest = sha256(utf8.encode('yuntakan-challenge-v1\n'), fromHex(root), utf8.encode(id))
    const number = new DataView(digest.buffer).getBigUint64(0) % 1000000n
    const right = size >= 1 && size < seq && root === check.roots[size - 1] && code === String(number).padStart(6, '0')
    need(right, 'challenge_code', whereEntry(seq))
  }
  const { length } = check.attested.kept.challenge
  if (length) check.prove('challenges_match', { count: length })
}
