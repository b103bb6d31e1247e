/**
 * When a lost socket is tried again. One attempt at a time; the pauses are those of `Backoff`. Once a few attempts have
 * failed at once (refused: the server restarts), it asks by plain HTTP first and connects when that is answered: browsers
 * delay the sockets of a page that fails often by up to five seconds. An attempt that hung (a dead network) is simply
 * made again.
 */
import { Backoff } from './backoff'
import type { SocketLike } from './socket'

const QUICK_MS = 1_000
const QUICK_FAILURES = 4
/** A caller who knows that the network is back ends an attempt that is older than this. */
const HANGING_MS = 1_000

type Attempt = Pick<SocketLike, 'connect' | 'restart' | 'probe'>

export class Comeback {
  private timer: ReturnType<typeof setTimeout> | undefined
  private startedAt: number | null = null
  private quickFailures = 0
  private turn = 0

  constructor(
    private readonly socket: Attempt,
    private readonly backoff = new Backoff(),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Connects now, whatever was under way. */
  begin(restart = false): void {
    this.cancel()
    this.startedAt = this.now()
    if (restart) this.socket.restart()
    else this.socket.connect()
  }

  /** Connected: the next failure is a first one. */
  arrived(): void {
    this.cancel()
    this.backoff.reset()
    this.quickFailures = 0
  }

  /** Tries again after a pause; `leastMs` where the server has asked for patience. */
  later(leastMs = 0): void {
    const took = this.startedAt === null ? Infinity : this.now() - this.startedAt
    this.quickFailures = took < QUICK_MS ? this.quickFailures + 1 : 0
    this.cancel()
    const turn = this.turn
    this.timer = setTimeout(() => void this.tryAgain(turn), Math.max(leastMs, this.backoff.nextMs()))
  }

  /** The network is back: ends a pause, and an attempt that hangs. */
  hurry(): void {
    if (this.startedAt === null) this.begin(true)
    else if (this.now() - this.startedAt > HANGING_MS) this.begin(true)
  }

  cancel(): void {
    clearTimeout(this.timer)
    this.turn += 1
    this.startedAt = null
  }

  private async tryAgain(turn: number): Promise<void> {
    if (this.quickFailures < QUICK_FAILURES) return this.begin()
    this.startedAt = this.now()
    const answered = await this.socket.probe()
    if (turn !== this.turn) return
    if (answered) this.begin()
    else this.later()
  }
}
