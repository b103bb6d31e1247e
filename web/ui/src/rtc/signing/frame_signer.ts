/**
 * Signs the encoded frames of one sender, in order. A picture is never held up: what cannot be signed in time passes as it
 * is, its counter used up. Knows no worker and no connection.
 */
import { carry, coveredPart, DIGEST_BYTES, MOST_DIGESTS, pictureOf, readFrame, signedMessage, type Frame } from './frame_format'
import { SendRate } from './rate'

export interface SigningKey {
  fingerprint: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}

export interface SignerClock {
  unixMs(): number
  /** Since any moment; never set. */
  elapsedMs(): number
}

export interface SignerOptions {
  stream: number
  clock?: SignerClock
  digest?: (content: Uint8Array) => Promise<Uint8Array>
  /** The longest that a frame waits for its signature. @default 20 */
  limitMs?: number
}

/** What signing has cost so far. `late`: frames that were not signed, or not in time. */
export interface SigningFigures {
  frames: number
  carriers: number
  late: number
  bytes: number
  proofBytes: number
  waitedMs: number
  longestMs: number
}

const LIMIT_MS = 20
const GROUP_MS = 1_000
/** Two late frames within this: a signature a second is all that this device has time for, for a while. */
const TIRED_WITHIN_MS = 5_000
const TIRED_FOR_MS = 30_000

export class FrameSigner {
  readonly figures: SigningFigures = { frames: 0, carriers: 0, late: 0, bytes: 0, proofBytes: 0, waitedMs: 0, longestMs: 0 }
  private counter = 0
  private digests: Promise<Uint8Array>[] = []
  private carriedAtMs = -Infinity
  private lateAtMs = -Infinity
  private tiredUntilMs = -Infinity
  private readonly rate = new SendRate()
  private readonly clock: SignerClock
  private readonly digest: (content: Uint8Array) => Promise<Uint8Array>

  constructor(private readonly options: SignerOptions) {
    this.clock = options.clock ?? { unixMs: () => Date.now(), elapsedMs: () => performance.now() }
    this.digest = options.digest ?? sha256
  }

  /** The frame as it is to be sent. Frames are given one after the other; without a key they pass. */
  async next(data: ArrayBuffer, key: SigningKey | null): Promise<ArrayBuffer> {
    const counter = this.counter++
    const atMs = this.clock.elapsedMs()
    this.figures.frames += 1
    this.figures.bytes += data.byteLength
    this.rate.note(atMs, data.byteLength)
    if (!key) return data
    const frame = readFrame(data)
    if (this.waits(atMs)) {
      this.digests.push(this.digest(pictureOf(frame)))
      return data
    }
    return (await this.signed(frame, counter, atMs, key)) ?? data
  }

  /** Whether a later frame signs this one. */
  private waits(atMs: number): boolean {
    if (!this.rate.grouped && atMs > this.tiredUntilMs) return false
    return atMs - this.carriedAtMs < GROUP_MS && this.digests.length < MOST_DIGESTS
  }

  private async signed(frame: Frame, counter: number, atMs: number, key: SigningKey): Promise<ArrayBuffer | null> {
    const digests = this.digests.splice(0)
    this.carriedAtMs = atMs
    const content = await within(this.options.limitMs ?? LIMIT_MS, this.carried(frame, counter, digests, key))
    const waitedMs = this.clock.elapsedMs() - atMs
    this.figures.waitedMs += waitedMs
    this.figures.longestMs = Math.max(this.figures.longestMs, waitedMs)
    if (!content) return this.tire(atMs)
    this.figures.carriers += 1
    this.figures.proofBytes += content.length - frame.content.length
    return content.buffer as ArrayBuffer
  }

  private async carried(frame: Frame, counter: number, waiting: Promise<Uint8Array>[], key: SigningKey): Promise<Uint8Array> {
    const pageTimeMs = this.clock.unixMs()
    const digests = (await Promise.all(waiting)).map((digest) => digest.subarray(0, DIGEST_BYTES))
    const fields = { counter, pageTimeMs, stream: this.options.stream, digests }
    const covered = coveredPart(fields, key.fingerprint)
    return carry(frame, covered, await key.sign(signedMessage(key.fingerprint, covered, pictureOf(frame))))
  }

  private tire(atMs: number): null {
    this.figures.late += 1
    if (atMs - this.lateAtMs < TIRED_WITHIN_MS) this.tiredUntilMs = atMs + TIRED_FOR_MS
    this.lateAtMs = atMs
    return null
  }
}

/** The value, or null where it comes too late or not at all. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), limitMs)))
  try {
    return await Promise.race([work, late])
  } catch {
    return null // a key that does not sign must not end the picture
  } finally {
    clearTimeout(timer)
  }
}

async function sha256(content: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', content as BufferSource))
}
