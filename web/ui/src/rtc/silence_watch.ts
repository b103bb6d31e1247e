/**
 * Notices within 1.5 s that a connection hears nothing any more. The relay sends something at least twice a second for as
 * long as it hears us, so silence means that one of the two ways is dead, whatever ICE (15 to 30 s) still believes.
 */
import { received } from './stats'

export interface SilenceWatchOptions {
  read?: (pc: RTCPeerConnection) => Promise<number>
  now?: () => number
  /** @default 400 */
  everyMs?: number
  /** @default 1200 */
  silentMs?: number
  /** Called at every reading: how long nothing has come. */
  onQuiet: (quietMs: number, isSilent: boolean) => void
}

export class SilenceWatch {
  private timer: ReturnType<typeof setInterval> | undefined
  private seen = -1
  private heardAt = 0
  private readAt = 0
  private readonly read: (pc: RTCPeerConnection) => Promise<number>
  private readonly now: () => number
  private readonly everyMs: number
  private readonly silentMs: number

  constructor(private readonly options: SilenceWatchOptions) {
    this.read = options.read ?? received
    this.now = options.now ?? (() => performance.now())
    this.everyMs = options.everyMs ?? 400
    this.silentMs = options.silentMs ?? 1_200
  }

  /** Watches this connection from now on, and no other. */
  follow(pc: RTCPeerConnection): void {
    this.stop()
    this.seen = -1
    this.heardAt = this.readAt = this.now()
    const timer = setInterval(() => void this.look(pc, timer), this.everyMs)
    this.timer = timer
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private async look(pc: RTCPeerConnection, timer: unknown): Promise<void> {
    const total = await this.read(pc).catch(() => this.seen)
    if (timer !== this.timer) return
    const now = this.now()
    // A page that slept (background, locked phone) has not looked: what is unread may still be on its way.
    const slept = now - this.readAt > 4 * this.everyMs
    if (total !== this.seen || slept) this.heardAt = now
    this.seen = total
    this.readAt = now
    const quietMs = now - this.heardAt
    this.options.onQuiet(quietMs, quietMs >= this.silentMs)
  }
}
