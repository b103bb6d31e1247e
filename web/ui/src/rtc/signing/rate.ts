/** How much a sender sends, and from that: whether each frame carries a signature, or one a second signs all of them. */
import { TRAILER_BYTES } from './frame_format'

const WINDOW_MS = 2_000
/** Known from so much on. */
const KNOWN_MS = 1_000
/** Bits a second under which frames are signed together, and from which each is signed by itself again. */
const GROUP_BELOW = 500_000
const SINGLE_FROM = 600_000
/** Share of the bytes that trailers may take. */
const GROUP_ABOVE_SHARE = 0.02
const SINGLE_BELOW_SHARE = 0.017

export class SendRate {
  grouped = false
  private readonly frames: { atMs: number; bytes: number }[] = []

  /** A frame of so many bytes (without what signs it) is sent. */
  note(atMs: number, bytes: number): void {
    this.frames.push({ atMs, bytes })
    while (this.frames[0]!.atMs < atMs - WINDOW_MS) this.frames.shift()
    const spanMs = atMs - this.frames[0]!.atMs
    if (spanMs < KNOWN_MS) return
    const sent = this.frames.slice(1).reduce((sum, frame) => sum + frame.bytes, 0)
    const bitsPerS = (sent * 8 * 1000) / spanMs
    const share = ((this.frames.length - 1) * TRAILER_BYTES) / Math.max(1, sent)
    if (this.grouped) this.grouped = bitsPerS < SINGLE_FROM || share > SINGLE_BELOW_SHARE
    else this.grouped = bitsPerS < GROUP_BELOW || share > GROUP_ABOVE_SHARE
  }
}
