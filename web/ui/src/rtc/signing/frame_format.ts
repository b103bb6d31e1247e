/**
 * Where a signature stands behind an encoded frame, and what it covers: docs/evidence.md, "Page-signed frames". Bytes in,
 * bytes out.
 */
export const DIGEST_BYTES = 16
/** Of a trailer without digests, magic included. */
export const TRAILER_BYTES = 86
/** Frames that one signature can cover beside its own. */
export const MOST_DIGESTS = 254
const VERSION = 1
const MAGIC = ascii('YTKF')
const CONTEXT = ascii('yuntakan-frame-v1\n')

const SEI = 6
const SLICES: readonly number[] = [1, 5]
const UNREGISTERED = 5
const SEI_NAME = new Uint8Array([0xb1, 0x57, 0x8f, 0x1f, 0xd5, 0xec, 0x30, 0x40, 0x26, 0x57, 0x20, 0x12, 0xd9, 0x3b, 0xad, 0xca])
const START_CODE = new Uint8Array([0, 0, 0, 1])

export interface TrailerFields {
  counter: number
  /** Unix milliseconds. */
  pageTimeMs: number
  stream: number
  digests: readonly Uint8Array[]
}

/** An encoded frame, ready to be signed. `units`: of H.264, its NAL units. */
export interface Frame {
  content: Uint8Array
  units: Uint8Array[] | null
}

export function readFrame(data: ArrayBuffer): Frame {
  const content = new Uint8Array(data)
  return { content, units: isAnnexB(content) ? splitUnits(content) : null }
}

/** What is signed of a frame: VP8 as it is, of H.264 each NAL unit behind its length. */
export function pictureOf(frame: Frame): Uint8Array {
  return frame.units ? joined(frame.units.flatMap((unit) => [u32(unit.length), unit])) : frame.content
}

/** The trailer's bytes up to the signature. */
export function coveredPart(fields: TrailerFields, fingerprint: Uint8Array): Uint8Array {
  const own = new Uint8Array(18)
  const view = new DataView(own.buffer)
  view.setUint32(0, fields.counter)
  view.setUint16(4, Math.floor(fields.pageTimeMs / 2 ** 32))
  view.setUint32(6, fields.pageTimeMs % 2 ** 32)
  view.setUint16(10, fields.stream)
  view.setUint8(12, fields.digests.length)
  view.setUint8(13, VERSION)
  own.set(fingerprint.subarray(0, 4), 14)
  return joined([...fields.digests, own])
}

export function signedMessage(fingerprint: Uint8Array, covered: Uint8Array, picture: Uint8Array): Uint8Array {
  return joined([CONTEXT, fingerprint, covered, picture])
}

/** The frame with its trailer: behind a VP8 frame, before the first slice of an H.264 one. */
export function carry(frame: Frame, covered: Uint8Array, signature: Uint8Array): Uint8Array {
  if (!frame.units) return joined([frame.content, covered, signature, MAGIC])
  const at = frame.units.findIndex((unit) => SLICES.includes(unit[0]! & 31))
  const units = [...frame.units]
  units.splice(at < 0 ? units.length : at, 0, seiUnit(joined([covered, signature])))
  return joined(units.flatMap((unit) => [START_CODE, unit]))
}

/** No VP8 frame that a browser sends begins so: it would be a hidden key frame. */
function isAnnexB(content: Uint8Array): boolean {
  return content[0] === 0 && content[1] === 0 && (content[2] === 1 || (content[2] === 0 && content[3] === 1))
}

/** As browsers split them to send them: a zero before a start code belongs to it. */
function splitUnits(content: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = []
  let begin = -1
  for (let at = 0; at + 2 < content.length; at += 1) {
    if (content[at] !== 0 || content[at + 1] !== 0 || content[at + 2] !== 1) continue
    if (begin >= 0) units.push(content.subarray(begin, content[at - 1] === 0 ? at - 1 : at))
    begin = at + 3
    at += 2
  }
  if (begin >= 0) units.push(content.subarray(begin))
  return units.filter((unit) => unit.length > 0)
}

function seiUnit(trailer: Uint8Array): Uint8Array {
  const size = SEI_NAME.length + trailer.length
  const sizes = [...Array<number>(Math.floor(size / 255)).fill(255), size % 255]
  return joined([new Uint8Array([SEI]), escaped(joined([new Uint8Array([UNREGISTERED, ...sizes]), SEI_NAME, trailer, new Uint8Array([0x80])]))])
}

/** With emulation prevention: no start code stands in it. */
function escaped(content: Uint8Array): Uint8Array {
  const kept: number[] = []
  let zeros = 0
  for (const byte of content) {
    if (zeros >= 2 && byte <= 3) {
      kept.push(3)
      zeros = 0
    }
    zeros = byte === 0 ? zeros + 1 : 0
    kept.push(byte)
  }
  return new Uint8Array(kept)
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
