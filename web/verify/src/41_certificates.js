// X.509 (RFC 5280): as much as a time stamp's chain needs.

const HASH_NAMES = {
  '2.16.840.1.101.3.4.2.1': 'SHA-256', '2.16.840.1.101.3.4.2.2': 'SHA-384', '2.16.840.1.101.3.4.2.3': 'SHA-512',
}
const RSA_PLAIN = '1.2.840.113549.1.1.1'
const RSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'
const EC_PUBLIC_KEY = '1.2.840.10045.2.1'
const WITH_HASH = {
  '1.2.840.113549.1.1.11': 'SHA-256', '1.2.840.113549.1.1.12': 'SHA-384', '1.2.840.113549.1.1.13': 'SHA-512',
  '1.2.840.10045.4.3.2': 'SHA-256', '1.2.840.10045.4.3.3': 'SHA-384', '1.2.840.10045.4.3.4': 'SHA-512',
}
const CURVES = { '1.2.840.10045.3.1.7': 'P-256', '1.3.132.0.34': 'P-384' }
const EXTENSIONS = { keyId: '2.5.29.14', usage: '2.5.29.15', basic: '2.5.29.19', policies: '2.5.29.32', purposes: '2.5.29.37' }
const COMMON_NAME = '2.5.4.3'

/** The parts of a certificate's DER; DerFault where it is none. */
function parseCertificate(der) {
  const outer = new DerFields(derOne(der, DER_SEQUENCE))
  const signed = outer.next()
  const algorithm = outer.next()
  const signature = bitString(outer.next())
  outer.end()
  const fields = new DerFields(signed)
  const version = fields.find(0xa0)
  derNeed(version === null || derInteger(derOne(version.content, DER_INTEGER)) === 2n, 'no certificate of version 3')
  const serial = derInteger(fields.next())
  derNeed(sameBytes(fields.next().whole, algorithm.whole), 'two algorithms')
  const issuer = fields.next()
  const validity = new DerFields(fields.next())
  const [from, to] = [x509Time(validity.next()), x509Time(validity.next())]
  const subject = fields.next()
  const keyInfo = fields.next()
  const extensions = parseExtensions(fields.find(0xa3))
  return {
    der, signed: signed.whole, algorithm: derAlgorithm(algorithm), signature, serial,
    issuer: issuer.whole, subject: subject.whole, from, to, keyInfo: keyInfo.whole, extensions, name: commonName(subject),
  }
}

function bitString(item) {
  const content = derContent(item, 3)
  derNeed(content.length >= 1 && content[0] === 0, 'bits that are no bytes')
  return content.subarray(1)
}

function x509Time(item) {
  const text = latin1(item.content)
  const short = item.tag === 0x17
  const found = (short ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(text)
  derNeed(found && (short || item.tag === DER_TIME), 'no time')
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number)
  return Date.UTC(short ? (year < 50 ? 2000 + year : 1900 + year) : year, month - 1, day, hour, minute, second)
}

function parseExtensions(item) {
  const found = new Map()
  if (item === null) return found
  for (const one of derAll(derOne(item.content, DER_SEQUENCE).content)) {
    const fields = new DerFields(one)
    const oid = derOid(fields.next())
    const critical = fields.find(DER_BOOLEAN)
    const value = derContent(fields.next(), DER_OCTETS)
    derNeed(!found.has(oid), 'an extension twice')
    found.set(oid, { critical: critical !== null && critical.content[0] === 0xff, value })
  }
  return found
}

function commonName(subject) {
  for (const set of derAll(subject.content)) {
    for (const one of derAll(set.content)) {
      const fields = new DerFields(one)
      if (derOid(fields.next()) === COMMON_NAME) return new TextDecoder().decode(fields.next().content)
    }
  }
  return ''
}

/** Key usage: bit 0 signs, bit 5 signs certificates; without the extension everything may be. */
function mayUse(certificate, bit) {
  const usage = certificate.extensions.get(EXTENSIONS.usage)
  if (!usage) return true
  const content = derContent(derOne(usage.value, 3), 3)
  return content.length > 1 && (content[1] & (0x80 >> bit)) !== 0
}

function isValidAt(certificate, at) {
  return certificate.from <= at && at <= certificate.to
}

/** Whether it was made for time stamps alone (RFC 3161 2.3), may sign and was good then. */
function isTimestampSigner(certificate, at) {
  const purposes = certificate.extensions.get(EXTENSIONS.purposes)
  if (!purposes?.critical) return false
  const all = derAll(derOne(purposes.value, DER_SEQUENCE).content).map(derOid)
  return all.length === 1 && all[0] === '1.3.6.1.5.5.7.3.8' && mayUse(certificate, 0) && isValidAt(certificate, at)
}

/** A given root counts for time stamps unless its extended key usage names other purposes only. */
function isTimestampRoot(certificate) {
  const purposes = certificate.extensions.get(EXTENSIONS.purposes)
  if (!purposes) return true
  const all = derAll(derOne(purposes.value, DER_SEQUENCE).content).map(derOid)
  return all.includes('1.3.6.1.5.5.7.3.8') || all.includes('2.5.29.37.0')
}

function isAuthority(certificate, below, at) {
  const basic = certificate.extensions.get(EXTENSIONS.basic)
  if (!basic) return false
  const fields = new DerFields(derOne(basic.value, DER_SEQUENCE))
  const ca = fields.find(DER_BOOLEAN)
  const length = fields.find(DER_INTEGER)
  fields.end()
  const known = [EXTENSIONS.basic, EXTENSIONS.usage, EXTENSIONS.purposes, EXTENSIONS.policies]
  const understood = [...certificate.extensions].every(([oid, { critical }]) => !critical || known.includes(oid))
  const longEnough = length === null || derInteger(length) >= BigInt(below)
  return ca?.content[0] === 0xff && longEnough && understood && mayUse(certificate, 5) && isValidAt(certificate, at)
}

/** {salt} for RSASSA-PSS, {} for the others; DerFault for what is not known or of another hash. */
function signatureKind({ oid, parameters }, hash) {
  if (oid === RSA_PSS) return { salt: pssSalt(parameters, hash) }
  derNeed(oid === RSA_PLAIN || WITH_HASH[oid] === hash, 'an algorithm of another hash')
  return {}
}

function pssSalt(parameters, hash) {
  derNeed(parameters !== null, 'no parameters')
  const fields = new DerFields(parameters)
  const [hashed, masked, salt, trailer] = [0xa0, 0xa1, 0xa2, 0xa3].map((tag) => fields.find(tag))
  fields.end()
  derNeed(hashed && masked && salt && !trailer, 'not the parameters of SHA-256 or better')
  const mask = derAlgorithm(derOne(masked.content, DER_SEQUENCE))
  const named = HASH_NAMES[derAlgorithm(derOne(hashed.content, DER_SEQUENCE)).oid]
  derNeed(mask.oid === MGF1 && mask.parameters !== null, 'another mask')
  const length = derInteger(derOne(salt.content, DER_INTEGER))
  derNeed(named === hash && HASH_NAMES[derAlgorithm(mask.parameters).oid] === hash && length >= 0n && length <= 64n, 'parameters of another hash')
  return Number(length)
}

/** Whether the signature over the message fits the key of a SubjectPublicKeyInfo: RSA of 2048 to 8192 bits, P-256, P-384. */
async function fitsKey(keyInfo, signature, message, hash, salt) {
  const info = new DerFields(derOne(keyInfo, DER_SEQUENCE))
  const { oid, parameters } = derAlgorithm(info.next())
  const key = bitString(info.next())
  info.end()
  if (oid === RSA_PLAIN) return fitsRsa(keyInfo, key, signature, message, hash, salt)
  const curve = oid === EC_PUBLIC_KEY && parameters?.tag === DER_OID && CURVES[derOid(parameters)]
  if (!curve || salt !== undefined || key[0] !== 4) return false
  const raw = ecdsaRaw(signature, curve === 'P-256' ? 32 : 48)
  const imported = raw && (await importOrNull('raw', key, { name: 'ECDSA', namedCurve: curve }))
  return Boolean(imported) && crypto.subtle.verify({ name: 'ECDSA', hash }, imported, raw, message)
}

async function fitsRsa(keyInfo, key, signature, message, hash, salt) {
  const numbers = new DerFields(derOne(key, DER_SEQUENCE))
  const modulus = derContent(numbers.next(), DER_INTEGER)
  const bits = BigInt(`0x${hex(modulus)}`).toString(2).length
  if (bits < 2048 || bits > 8192) return false
  const name = salt === undefined ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS'
  const imported = await importOrNull('spki', keyInfo, { name, hash })
  const algorithm = salt === undefined ? name : { name, saltLength: salt }
  return Boolean(imported) && crypto.subtle.verify(algorithm, imported, signature, message)
}

async function importOrNull(form, key, algorithm) {
  try {
    return await crypto.subtle.importKey(form, key, algorithm, false, ['verify'])
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return null
    throw error
  }
}

/** r ‖ s of an ECDSA signature in DER; null where it is none. */
function ecdsaRaw(signature, size) {
  try {
    const fields = new DerFields(derOne(signature, DER_SEQUENCE))
    const numbers = [derInteger(fields.next()), derInteger(fields.next())]
    fields.end()
    if (numbers.some((number) => number < 1n || number >= 256n ** BigInt(size))) return null
    return fromHex(numbers.map((number) => number.toString(16).padStart(2 * size, '0')).join(''))
  } catch (error) {
    if (error instanceof DerFault) return null
    throw error
  }
}

const MAX_CHAIN = 6

/** The root that the leaf leads to by way of the given ones, all good at that time; null where none. Bounded in steps. */
async function findRoot(leaf, given, roots, at) {
  let steps = 64
  const same = (a, b) => sameBytes(a.der, b.der)

  async function signedBy(child, issuer) {
    if (steps === 0 || !sameBytes(child.issuer, issuer.subject) || same(child, issuer)) return false
    steps -= 1
    try {
      const hash = child.algorithm.oid === RSA_PSS ? pssHash(child.algorithm) : WITH_HASH[child.algorithm.oid]
      if (!hash) return false
      const { salt } = signatureKind(child.algorithm, hash)
      return await fitsKey(issuer.keyInfo, child.signature, child.signed, hash, salt)
    } catch (error) {
      if (error instanceof DerFault) return false
      throw error
    }
  }

  function mayIssue(issuer, below) {
    try {
      return isAuthority(issuer, below, at)
    } catch (error) {
      if (error instanceof DerFault) return false
      throw error
    }
  }

  async function find(child, below) {
    for (const root of roots) {
      if (same(child, root) || ((await signedBy(child, root)) && isValidAt(root, at))) return root
    }
    if (below + 2 >= MAX_CHAIN) return null
    for (const issuer of given) {
      if ((await signedBy(child, issuer)) && mayIssue(issuer, below)) {
        const found = await find(issuer, below + 1)
        if (found) return found
      }
    }
    return null
  }

  return find(leaf, 0)
}

function pssHash({ parameters }) {
  derNeed(parameters !== null, 'no parameters')
  const hashed = new DerFields(parameters).find(0xa0)
  derNeed(hashed, 'no hash')
  return HASH_NAMES[derAlgorithm(derOne(hashed.content, DER_SEQUENCE)).oid]
}
