// Ed25519 (RFC 8032, 5.1.7), strict: y below the prime, no key of small order, S below the order of the group, the
// equation without the cofactor and R compared as bytes. Browsers before Chrome 137 have none, so here is one on BigInt.

const P = 2n ** 255n - 19n
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
const SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n

const mod = (n) => ((n % P) + P) % P

function littleEndian(bytes) {
  return BigInt(`0x${hex(Uint8Array.from(bytes).reverse()) || '0'}`)
}

function power(base, exponent) {
  let result = 1n
  for (let square = base; exponent; exponent >>= 1n, square = (square * square) % P) {
    if (exponent & 1n) result = (result * square) % P
  }
  return result
}

/** Extended coordinates [X, Y, Z, T], x = X/Z, y = Y/Z, xy = T/Z. */
const NEUTRAL = [0n, 1n, 1n, 0n]

function addPoints([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2))
  const b = mod((y1 + x1) * (y2 + x2))
  const c = mod(2n * t1 * t2 * D)
  const d = mod(2n * z1 * z2)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)]
}

function doublePoint([x, y, z]) {
  const a = (x * x) % P
  const b = (y * y) % P
  const c = (2n * z * z) % P
  const e = mod((x + y) * (x + y) - a - b)
  const g = b - a
  const [f, h] = [g - c, -a - b]
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)]
}

/** The point of 32 bytes, or null: not on the curve, or written with y not below the prime. */
function decodePoint(bytes) {
  const sign = bytes[31] >> 7
  const y = littleEndian(bytes) & (2n ** 255n - 1n)
  if (bytes.length !== 32 || y >= P) return null
  const u = mod(y * y - 1n)
  const v = mod(D * y * y + 1n)
  let x = mod(u * v ** 3n * power(mod(u * v ** 7n), (P - 5n) / 8n))
  const found = mod(v * x * x)
  if (found !== u) {
    if (found !== mod(-u)) return null
    x = mod(x * SQRT_M1)
  }
  if (x === 0n && sign) return null
  if (Number(x & 1n) !== sign) x = P - x
  return [x, y, 1n, mod(x * y)]
}

function encodePoint([x, y, z]) {
  const inverse = power(z, P - 2n)
  const bytes = fromHex(mod(y * inverse).toString(16).padStart(64, '0')).reverse()
  bytes[31] |= Number(mod(x * inverse) & 1n) << 7
  return bytes
}

function hasSmallOrder(point) {
  const [x, , , ] = doublePoint(doublePoint(doublePoint(point)))
  return x === 0n
}

/** 0·point to 15·point. */
function multiplesOf(point) {
  const all = [NEUTRAL]
  for (let n = 1; n < 16; n++) all.push(addPoints(all[n - 1], point))
  return all
}

let baseMultiples = null

function ownEd25519(key, signature, challenge) {
  baseMultiples ??= multiplesOf(
    decodePoint(fromHex('58'.padEnd(64, '6'))),
  )
  key.minusMultiples ??= multiplesOf([P - key.point[0], key.point[1], 1n, P - key.point[3]])
  const s = littleEndian(signature.subarray(32))
  let sum = NEUTRAL
  for (let shift = 252n; shift >= 0n; shift -= 4n) {
    for (let n = 0; n < 4; n++) sum = doublePoint(sum)
    sum = addPoints(sum, baseMultiples[Number((s >> shift) & 15n)])
    sum = addPoints(sum, key.minusMultiples[Number((challenge >> shift) & 15n)])
  }
  return sameBytes(encodePoint(sum), signature.subarray(0, 32))
}

/** A key that verifies; `isSound` is false where no signature can fit it. */
class Ed25519Key {
  constructor(raw) {
    this.raw = raw
    this.point = raw.length === 32 ? decodePoint(raw) : null
    this.isSound = this.point !== null && !hasSmallOrder(this.point)
    this.id = hex(sha256(raw)).slice(0, 16)
    this.native = null
  }

  /** Whether the base64 signature fits the message. */
  async verifies(signatureBase64, message) {
    const signature = strictBase64(signatureBase64)
    if (!this.isSound || signature === null || signature.length !== 64) return false
    if (littleEndian(signature.subarray(32)) >= ORDER) return false
    const native = await this.nativeKey()
    if (native) return crypto.subtle.verify('Ed25519', native, signature, message)
    const digest = await sha512(concat(signature.subarray(0, 32), this.raw, message))
    return ownEd25519(this, signature, littleEndian(digest) % ORDER)
  }

  async nativeKey() {
    this.native ??= importEd25519(this.raw)
    return this.native
  }
}

async function importEd25519(raw) {
  if (!globalThis.crypto?.subtle) return null
  try {
    return await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  } catch (error) {
    return null // this browser has none: our own does it
  }
}

async function sha512(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-512', bytes))
}
