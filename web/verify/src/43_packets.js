// From recorded RTP packets back to encoded frames (docs/journal-format.md, "Step by step"), VP8 and H.264.

const WAIT_US = 1200000
const WAIT_PACKETS = 1024
const RESTART_BEHIND = 3000

/** {sequence, timestamp, ssrc, marker, payload}, or null for what is no RTP packet (RFC 3550, 5.1). */
function parseRtp(packet) {
  if (packet.length < 12 || packet[0] >> 6 !== 2) return null
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  let begin = 12 + 4 * (packet[0] & 15)
  if (packet[0] & 16) {
    if (begin + 4 > packet.length) return null
    begin += 4 + 4 * view.getUint16(begin + 2)
  }
  let end = packet.length
  if (packet[0] & 32) {
    const padding = packet[end - 1]
    if (padding === 0 || padding > end - begin) return null
    end -= padding
  }
  if (begin > end) return null
  return {
    marker: packet[1] >= 0x80, sequence: view.getUint16(2), timestamp: view.getUint32(4), ssrc: view.getUint32(8),
    payload: packet.subarray(begin, end),
  }
}

/** The number nearest to `last` with the same low bits; of two equally near the smaller. */
function unwrapped(last, value, modulus) {
  const delta = (((value - last) % modulus) + modulus) % modulus
  return delta < modulus / 2 ? last + delta : last + delta - modulus
}

/** RFC 7741, 4.2: {begins, pieces}; null where it is cut off. */
function unpackVp8(payload) {
  const first = payload[0]
  let at = 1
  if (first & 0x80) {
    if (payload.length < 2) return null
    const extensions = payload[1]
    at = 2
    if (extensions & 0x80) {
      if (payload.length < 3) return null
      at += payload[2] & 0x80 ? 2 : 1
    }
    at += ((extensions >> 6) & 1) + (extensions & 0x30 ? 1 : 0)
  }
  if (at >= payload.length) return null
  const begins = (first & 0x17) === 0x10
  return { begins, pieces: [[begins, payload.subarray(at)]] }
}

/** RFC 6184, packetization mode 1: {begins, pieces: [whether a unit begins here, bytes]}; null where lengths lie. */
function unpackH264(payload) {
  if (payload.length < 2 || payload[0] & 0x80) return null
  const kind = payload[0] & 31
  let pieces = null
  if (kind > 0 && kind <= 23) pieces = [[true, payload]]
  else if (kind === 24) pieces = aggregatedUnits(payload)
  else if (kind === 28) pieces = fragmentOf(payload)
  if (pieces === null) return null
  const [begins, unit] = pieces[0]
  return { begins: begins && [7, 9].includes(unit[0] & 31), pieces }
}

function aggregatedUnits(payload) {
  const pieces = []
  for (let at = 1; at < payload.length; ) {
    if (at + 2 > payload.length) return null
    const length = payload[at] * 256 + payload[at + 1]
    at += 2
    if (length === 0 || at + length > payload.length) return null
    const unit = payload.subarray(at, at + length)
    const kind = unit[0] & 31
    if (kind === 0 || kind > 23) return null
    pieces.push([true, unit])
    at += length
  }
  return pieces.length ? pieces : null
}

function fragmentOf(payload) {
  if (payload.length < 3) return null
  const [indicator, header] = payload
  const kind = header & 31
  const starts = (header & 0x80) !== 0
  if (kind === 0 || kind > 23 || (starts && header & 0x40)) return null
  if (!starts) return [[false, payload.subarray(2)]]
  return [[true, concat(Uint8Array.of((indicator & 0xe0) | kind), payload.subarray(2))]]
}

/** Takes packets in order of arrival, gives complete frames {timestamp, arrivalUs, parts} in order of the sender. */
class FrameAssembler {
  constructor(codec, onFrame) {
    this.isH264 = codec === 'H264'
    this.onFrame = onFrame
    this.waiting = new Map()
    this.parts = []
    this.whole = false
    this.ended = null
    this.ssrc = -1
    this.next = -1
    this.highest = 0
    this.timestamp = null
    this.stuckUs = 0
  }

  feed(packet, arrivalUs) {
    const rtp = parseRtp(packet)
    if (rtp === null) return
    if (rtp.ssrc !== this.ssrc || this.highest - unwrapped(this.highest, rtp.sequence, 65536) > RESTART_BEHIND) this.restart(rtp)
    const sequence = unwrapped(this.highest, rtp.sequence, 65536)
    const timestamp = this.timestamp === null ? rtp.timestamp : unwrapped(this.timestamp, rtp.timestamp, 4294967296)
    if (sequence >= this.highest || this.timestamp === null) {
      this.highest = sequence
      this.timestamp = timestamp
    }
    let waits = null
    if (rtp.payload.length) {
      const part = this.isH264 ? unpackH264(rtp.payload) : unpackVp8(rtp.payload)
      if (part === null) return
      waits = { ...part, timestamp, arrivalUs, marker: rtp.marker }
    }
    if (sequence < this.next) return
    if (!this.waiting.size) this.stuckUs = arrivalUs
    this.waiting.set(sequence, waits)
    this.advance()
    while (this.waiting.size && (arrivalUs - this.stuckUs > WAIT_US || this.waiting.size > WAIT_PACKETS)) this.skip()
  }

  flush() {
    while (this.waiting.size) this.skip()
  }

  restart({ ssrc, sequence }) {
    this.ssrc = ssrc
    this.next = sequence
    this.highest = sequence
    this.waiting.clear()
    this.parts = []
    this.loseTrack()
  }

  loseTrack() {
    this.whole = false
    this.ended = null
  }

  advance() {
    while (this.waiting.has(this.next)) {
      const packet = this.waiting.get(this.next)
      this.waiting.delete(this.next)
      this.next += 1
      if (packet) this.join(packet)
    }
    const arrivals = [...this.waiting.values()].filter(Boolean).map((packet) => packet.arrivalUs)
    if (arrivals.length) this.stuckUs = Math.min(...arrivals)
  }

  skip() {
    this.next = Math.min(...this.waiting.keys())
    this.parts = []
    this.loseTrack()
    this.advance()
  }

  join(packet) {
    const { ended } = this
    const follows = this.isH264 && ended !== null && (ended.marker || ended.timestamp !== packet.timestamp)
    this.ended = packet
    if ((packet.begins || follows) && (!this.parts.length || packet.timestamp !== this.parts[0].timestamp)) {
      this.finish()
      this.whole = true
    }
    if (!this.whole) return
    if (this.parts.length && packet.timestamp !== this.parts[0].timestamp) {
      this.whole = false
      this.parts = []
      return
    }
    this.parts.push(packet)
    if (packet.marker) this.finish()
  }

  finish() {
    if (!this.parts.length) return
    const arrivalUs = Math.max(...this.parts.map((part) => part.arrivalUs))
    this.onFrame({ timestamp: this.parts[0].timestamp, arrivalUs, parts: this.parts })
    this.parts = []
    this.whole = false
  }
}

/** The NAL units of a frame's parts, as they were sent. */
function unitsOf(parts) {
  const units = []
  for (const { pieces } of parts) {
    for (const [begins, piece] of pieces) {
      if (begins || !units.length) units.push([piece])
      else units[units.length - 1].push(piece)
    }
  }
  return units.map((pieces) => (pieces.length === 1 ? pieces[0] : concat(...pieces)))
}
