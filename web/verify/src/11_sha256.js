// SHA-256 (FIPS 180-4) that can be asked in between: WebCrypto only hashes what is there as a whole.

const SHA256_K = (() => {
  const words = new Int32Array(64)
  let found = 0
  for (let n = 2; found < 64; n++) {
    let prime = true
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0
    if (!prime) continue
    const root = Math.cbrt(n)
    words[found++] = ((root - Math.floor(root)) * 4294967296) | 0
  }
  return words
})()

class Sha256 {
  constructor() {
    this.state = Int32Array.of(
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    )
    this.words = new Int32Array(64)
    this.rest = new Uint8Array(64)
    this.held = 0
    this.length = 0
  }

  update(bytes) {
    this.length += bytes.length
    let at = 0
    if (this.held) {
      at = Math.min(64 - this.held, bytes.length)
      this.rest.set(bytes.subarray(0, at), this.held)
      this.held += at
      if (this.held < 64) return this
      this.blocks(this.rest, 0, 64)
      this.held = 0
    }
    const whole = at + ((bytes.length - at) & ~63)
    this.blocks(bytes, at, whole)
    this.rest.set(bytes.subarray(whole))
    this.held = bytes.length - whole
    return this
  }

  /** The digest of what was given so far, as hexadecimal; more may follow. */
  hex() {
    return hex(this.digest())
  }

  digest() {
    const end = new Sha256()
    end.state.set(this.state)
    const padded = new Uint8Array(this.held < 56 ? 64 : 128)
    padded.set(this.rest.subarray(0, this.held))
    padded[this.held] = 0x80
    padded.set(u64be(this.length * 8), padded.length - 8)
    end.blocks(padded, 0, padded.length)
    const out = new Uint8Array(32)
    const view = new DataView(out.buffer)
    for (let n = 0; n < 8; n++) view.setInt32(4 * n, end.state[n])
    return out
  }

  blocks(bytes, from, to) {
    const w = this.words
    const k = SHA256_K
    let [h0, h1, h2, h3, h4, h5, h6, h7] = this.state
    for (let at = from; at < to; at += 64) {
      for (let n = 0, p = at; n < 16; n++, p += 4) {
        w[n] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3]
      }
      for (let n = 16; n < 64; n++) {
        const x = w[n - 15]
        const y = w[n - 2]
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
        w[n] = (w[n - 16] + s0 + w[n - 7] + s1) | 0
      }
      let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7
      for (let n = 0; n < 64; n++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[n] + w[n]) | 0
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
        h = g
        g = f
        f = e
        e = (d + t1) | 0
        d = c
        c = b
        b = a
        a = (t1 + t2) | 0
      }
      h0 = (h0 + a) | 0
      h1 = (h1 + b) | 0
      h2 = (h2 + c) | 0
      h3 = (h3 + d) | 0
      h4 = (h4 + e) | 0
      h5 = (h5 + f) | 0
      h6 = (h6 + g) | 0
      h7 = (h7 + h) | 0
    }
    this.state.set([h0, h1, h2, h3, h4, h5, h6, h7])
  }
}

function sha256(...parts) {
  const digest = new Sha256()
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** The digest of a long piece, off this thread where the browser can. */
async function sha256Aside(bytes) {
  if (!globalThis.crypto?.subtle || bytes.length < 4096) return hex(sha256(bytes))
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

// CRC-32 (ISO 3309), eight bytes a step.
const CRC32_TABLES = (() => {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256))
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    tables[0][n] = c
  }
  for (let n = 0; n < 256; n++) {
    for (let t = 1; t < 8; t++) tables[t][n] = (tables[t - 1][n] >>> 8) ^ tables[0][tables[t - 1][n] & 255]
  }
  return tables
})()

/** The CRC-32 of bytes[from, to), going on from `before`; unsigned. */
function crc32(bytes, before = 0, from = 0, to = bytes.length) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = CRC32_TABLES
  let c = ~before
  let at = from
  for (; at + 8 <= to; at += 8) {
    c ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    c =
      t7[c & 255] ^ t6[(c >>> 8) & 255] ^ t5[(c >>> 16) & 255] ^ t4[c >>> 24] ^
      t3[bytes[at + 4]] ^ t2[bytes[at + 5]] ^ t1[bytes[at + 6]] ^ t0[bytes[at + 7]]
  }
  for (; at < to; at++) c = (c >>> 8) ^ t0[(c ^ bytes[at]) & 255]
  return ~c >>> 0
}
