/**
 * How long a viewer keeps packets back before it shows them. On a good network nothing is added. When packets come only
 * after they were lost and sent again, a picture shown at once stands still each time; shown a little later it does not.
 *
 * The browser's own jitter buffer knows the round trip to the relay only, which is not where the loss is.
 */
export interface HoleFigures {
  packets: number
  /** How often packets were asked for again. */
  holes: number
  freezes: number
}

export interface PatienceOptions {
  everyMs?: number
}

/** Holes for each packet received from which on the network counts as lossy. */
const LOSSY_SHARE = 0.01
const FIRST_MS = 200
const MORE_MS = 75
const MOST_MS = 500
/** So many readings without a hole before it is taken back. */
const CLEAN_READINGS = 20

/** What to keep back, from one reading to the next. Pure. */
export class Patience {
  targetMs = 0
  private before: HoleFigures | null = null
  private clean = 0

  next(now: HoleFigures): number {
    const before = this.before
    this.before = now
    if (!before || now.packets < before.packets) return this.targetMs
    const packets = now.packets - before.packets
    const holes = now.holes - before.holes
    const isLossy = holes > 1 && holes > packets * LOSSY_SHARE
    this.clean = isLossy ? 0 : this.clean + 1
    if (isLossy) this.targetMs = this.targetMs ? this.grown(now.freezes - before.freezes) : FIRST_MS
    else if (this.clean >= CLEAN_READINGS) this.targetMs = 0
    return this.targetMs
  }

  private grown(freezes: number): number {
    return freezes > 0 ? Math.min(MOST_MS, this.targetMs + MORE_MS) : this.targetMs
  }
}

type Delayed = { jitterBufferTarget?: number | null; playoutDelayHint?: number | null }

/** False where the browser cannot keep anything back. */
export function keepBack(receiver: RTCRtpReceiver, targetMs: number): boolean {
  const delayed = receiver as Delayed
  if ('jitterBufferTarget' in receiver) delayed.jitterBufferTarget = targetMs || null
  else if ('playoutDelayHint' in receiver) delayed.playoutDelayHint = targetMs ? targetMs / 1000 : null
  else return false
  return true
}

async function readHoles(receiver: RTCRtpReceiver): Promise<HoleFigures | null> {
  let figures: HoleFigures | null = null
  ;(await receiver.getStats()).forEach((row: Record<string, unknown>) => {
    if (row.type !== 'inbound-rtp') return
    const [packets, holes, freezes] = [row.packetsReceived, row.nackCount, row.freezeCount].map((value) => Number(value ?? 0))
    figures = { packets: packets ?? 0, holes: holes ?? 0, freezes: freezes ?? 0 }
  })
  return figures
}

/** Follows the picture of one connection at a time until it is stopped; the browser keeps the voice in step with it. */
export class PatientViewing {
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly options: PatienceOptions = {}) {}

  follow(pc: RTCPeerConnection): void {
    this.stop()
    const receiver = pc.getReceivers().find((candidate) => candidate.track.kind === 'video')
    if (!receiver) return
    const patience = new Patience()
    this.timer = setInterval(() => void this.read(receiver, patience), this.options.everyMs ?? 1_000)
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private async read(receiver: RTCRtpReceiver, patience: Patience): Promise<void> {
    const figures = await readHoles(receiver).catch(() => null) // the connection may have been closed meanwhile
    const before = patience.targetMs
    if (figures && patience.next(figures) !== before) keepBack(receiver, patience.targetMs)
  }
}
