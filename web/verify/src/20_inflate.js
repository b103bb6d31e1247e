// DEFLATE (RFC 1951) as a stream. The browser's own cannot say whether bytes follow the end, and old ones have none.

const INFLATE_WINDOW = 32768
const INFLATE_OUT = 262144
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577]
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Packed bytes that do not unpack. */
class InflateFault extends Error {}

/** Canonical Huffman code: how many codes of each length, and their symbols in order. zlib refuses what we refuse. */
function huffman(lengths, mayBeIncomplete) {
  const counts = new Uint16Array(16)
  for (const length of lengths) counts[length] += 1
  let left = 1
  for (let length = 1; length < 16; length++) {
    left = 2 * left - counts[length]
    if (left < 0) throw new InflateFault('too many codes')
  }
  const used = lengths.length - counts[0]
  if (left > 0 && !(mayBeIncomplete && (used === 0 || (used === 1 && counts[1] === 1)))) {
    throw new InflateFault('too few codes')
  }
  const starts = new Uint16Array(17)
  for (let length = 1; length < 16; length++) starts[length + 1] = starts[length] + counts[length]
  const symbols = new Uint16Array(lengths.length)
  lengths.forEach((length, symbol) => {
    if (length) symbols[starts[length]++] = symbol
  })
  return { counts, symbols, table: lookup(lengths) }
}

const LOOKUP_BITS = 10

/** By the next ten bits as they come: length << 16 | symbol, for codes that are no longer. */
function lookup(lengths) {
  const table = new Uint32Array(1 << LOOKUP_BITS)
  const next = new Uint16Array(17)
  for (let length = 1; length < 16; length++) {
    let count = 0
    for (const one of lengths) count += one === length ? 1 : 0
    next[length + 1] = (next[length] + count) << 1
  }
  lengths.forEach((length, symbol) => {
    if (!length) return
    const code = next[length]++
    if (length > LOOKUP_BITS) return
    let reversed = 0
    for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit)
    for (let place = reversed; place < table.length; place += 1 << length) table[place] = (length << 16) | symbol
  })
  return table
}

const FIXED_LITERALS = huffman(Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)), false)
const FIXED_DISTANCES = huffman(new Array(32).fill(5), false)

class Inflater {
  constructor() {
    this.input = new Uint8Array(0)
    this.at = 0
    this.held = 0
    this.bits = 0
    this.out = new Uint8Array(INFLATE_WINDOW + INFLATE_OUT)
    this.end = INFLATE_WINDOW
    this.written = 0
  }

  /**
   * Takes chunks of packed bytes, gives chunks of content; throws InflateFault. `trailing` counts the bytes behind the
   * end afterwards. Nothing is unpacked beyond what is asked for.
   */
  async *unpack(chunks) {
    this.source = chunks[Symbol.asyncIterator]()
    this.ended = false
    let last = 0
    while (!last) {
      await this.atLeast(512)
      last = this.take(1)
      const kind = this.take(2)
      if (kind === 0) yield* this.stored()
      else if (kind === 1) yield* this.block(FIXED_LITERALS, FIXED_DISTANCES)
      else if (kind === 2) yield* this.block(...this.codes())
      else throw new InflateFault('no such block')
    }
    if (this.end > INFLATE_WINDOW) yield this.flush()
    let trailing = this.input.length - this.at + (this.held >> 3)
    for (let more = await this.source.next(); !more.done; more = await this.source.next()) trailing += more.value.length
    this.trailing = trailing
  }

  /** Reads on until so many bytes are there or the input ends. */
  async atLeast(bytes) {
    while (this.input.length - this.at < bytes && !this.ended) {
      const { value, done } = await this.source.next()
      if (done) this.ended = true
      else {
        this.input = concat(this.input.subarray(this.at), value)
        this.at = 0
      }
    }
  }

  take(count) {
    while (this.held < count) {
      if (this.at >= this.input.length) throw new InflateFault('ends too early')
      this.bits |= this.input[this.at++] << this.held
      this.held += 8
    }
    const value = this.bits & ((1 << count) - 1)
    this.bits >>>= count
    this.held -= count
    return value
  }

  symbol({ counts, symbols, table }) {
    while (this.held <= 16 && this.at < this.input.length) {
      this.bits |= this.input[this.at++] << this.held
      this.held += 8
    }
    const found = table[this.bits & ((1 << LOOKUP_BITS) - 1)]
    const foundBits = found >>> 16
    if (foundBits && foundBits <= this.held) {
      this.bits >>>= foundBits
      this.held -= foundBits
      return found & 0xffff
    }
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length < 16; length++) {
      code |= this.take(1)
      const count = counts[length]
      if (code - count < first) return symbols[index + code - first]
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw new InflateFault('no such code')
  }

  codes() {
    const [literals, distances, lengths] = [this.take(5) + 257, this.take(5) + 1, this.take(4) + 4]
    if (literals > 286 || distances > 30) throw new InflateFault('too many symbols')
    const own = new Array(19).fill(0)
    for (let n = 0; n < lengths; n++) own[CODE_ORDER[n]] = this.take(3)
    const code = huffman(own, false)
    const all = []
    while (all.length < literals + distances) {
      const symbol = this.symbol(code)
      if (symbol < 16) {
        all.push(symbol)
        continue
      }
      if (symbol === 16 && !all.length) throw new InflateFault('nothing to repeat')
      const value = symbol === 16 ? all[all.length - 1] : 0
      const times = symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7)
      for (let n = 0; n < times; n++) all.push(value)
    }
    if (all.length > literals + distances || all[256] === 0) throw new InflateFault('lengths that do not fit')
    return [huffman(all.slice(0, literals), true), huffman(all.slice(literals), true)]
  }

  async *stored() {
    this.at -= this.held >> 3 // whole bytes that were read ahead; the rest of a byte is skipped
    this.bits = 0
    this.held = 0
    const [a, b] = [this.take(16), this.take(16)]
    if (a !== (~b & 0xffff)) throw new InflateFault('a length that does not fit')
    for (let left = a; left > 0; ) {
      await this.atLeast(1)
      const piece = this.input.subarray(this.at, this.at + Math.min(left, INFLATE_WINDOW))
      if (!piece.length) throw new InflateFault('ends too early')
      this.out.set(piece, this.end)
      this.at += piece.length
      this.end += piece.length
      left -= piece.length
      if (this.end >= INFLATE_OUT) yield this.flush()
    }
  }

  async *block(literals, distances) {
    for (let more = true; more; ) {
      await this.atLeast(16384)
      more = this.symbols(literals, distances, this.ended ? -1 : this.input.length - 16)
      if (this.end >= INFLATE_OUT) yield this.flush()
    }
  }

  /** Until the block ends (false), the output is nearly full or the input nearly used up (true). */
  symbols(literals, distances, enough) {
    while (this.end < INFLATE_OUT && (enough < 0 || this.at < enough)) {
      const symbol = this.symbol(literals)
      if (symbol < 256) this.out[this.end++] = symbol
      else if (symbol === 256) return false
      else this.copy(symbol - 257, distances)
    }
    return true
  }

  copy(place, distances) {
    if (place > 28) throw new InflateFault('no such length')
    const length = LENGTH_BASE[place] + this.take(LENGTH_BITS[place])
    const code = this.symbol(distances)
    if (code > 29) throw new InflateFault('no such distance')
    const distance = DISTANCE_BASE[code] + this.take(DISTANCE_BITS[code])
    if (distance > this.written + this.end - INFLATE_WINDOW || distance > INFLATE_WINDOW) {
      throw new InflateFault('further back than the beginning')
    }
    for (let n = 0; n < length; n++, this.end++) this.out[this.end] = this.out[this.end - distance]
  }

  /** The content so far; the window stays. */
  flush() {
    const content = this.out.slice(INFLATE_WINDOW, this.end)
    this.written += content.length
    this.out.copyWithin(0, this.end - INFLATE_WINDOW, this.end)
    this.end = INFLATE_WINDOW
    return content
  }
}
