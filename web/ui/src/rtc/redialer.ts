/**
 * Keeps one `PeerLink` alive: dials, dials again when it is lost, and makes before it breaks: a link that is doubted (or
 * whose network has changed) stays in use until a second one is connected, or proves itself again first.
 *
 * At most two links exist, the one in use and the one that is being made, plus for a moment those that were just
 * replaced. Between failures it waits 0.2 s, doubling up to 1 s, after two minutes of failures up to 3 s, with jitter.
 */
import type { PeerLink } from './peer_link'
import { Backoff } from '../protocol/backoff'
import type { Problem, Result } from '../protocol/problem'

export type MediaState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'stopped'

/** So many links in a row that the server described and that never connected: something on the way drops UDP. */
const BLOCKED_AFTER = 2
/** A refusal that does not pass by itself is not asked again sooner, unless the socket has come back meanwhile. */
const REFUSED_MS = 10_000
const BLOCKED: Problem = { code: 'media_blocked', message: 'no way for media', retryable: true }

export interface RedialerOptions {
  dial: () => Promise<Result<PeerLink>>
  onState: (state: MediaState, problem: Problem | null) => void
  /** A link has connected and is from now on the one in use. */
  onLink?: (link: PeerLink) => void
  /** Tells the server that a link which was replaced is not needed any more. */
  onRetired?: (peerId: string) => void
  backoff?: Backoff
  /** How long a link that worked until it was replaced goes on beside the new one. @default 1000 */
  overlapMs?: number
}

export class Redialer {
  state: MediaState = 'idle'
  private current: PeerLink | null = null
  private next: PeerLink | null = null
  private dialing = false
  private again = false
  private doubted = false
  private moving = false
  private unreached = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly backoff: Backoff
  private readonly retiring = new Map<PeerLink, ReturnType<typeof setTimeout>>()

  constructor(private readonly options: RedialerOptions) {
    this.backoff = options.backoff ?? new Backoff()
  }

  get link(): PeerLink | null {
    return this.current
  }

  start(): void {
    if (this.state !== 'idle') return
    this.enter('connecting')
    void this.dial()
  }

  /** The way has changed: makes a second link and swaps when it is connected. One that was begun before is begun anew. */
  replace(): void {
    if (this.state === 'idle' || this.state === 'stopped') return
    this.moving = true
    if (this.dialing) this.again = true
    else {
      this.discardNext()
      void this.dial()
    }
  }

  /** Nothing comes over the link in use: makes a second one, and keeps the first in case it recovers. */
  doubt(): void {
    if (!this.current || this.doubted || this.state === 'stopped') return
    this.doubted = true
    this.enter('reconnecting')
    if (!this.dialing && !this.next) void this.dial()
  }

  /** The link in use is heard again: the second one is not needed. */
  trust(): void {
    if (!this.doubted) return
    this.doubted = false
    if (!this.moving) {
      clearTimeout(this.timer)
      this.discardNext()
    }
    this.enter('connected')
  }

  /** Ends a pause between two dials: whatever made them fail may be over. */
  hurry(): void {
    this.backoff.reset()
    if (this.isWanted && !this.dialing && !this.next && this.state !== 'idle') void this.dial()
  }

  /** The server says that this link is gone. */
  drop(peerId: string): void {
    if (this.next?.peerId === peerId) this.onLost(this.next)
    else if (this.current?.peerId === peerId) this.onLost(this.current)
  }

  stop(): void {
    if (this.state === 'stopped') return
    clearTimeout(this.timer)
    for (const link of [...this.retiring.keys()]) this.retire(link)
    this.current?.close()
    this.next?.close()
    this.current = this.next = null
    this.enter('stopped')
  }

  private get isWanted(): boolean {
    return this.state !== 'stopped' && (!this.current || this.doubted || this.moving)
  }

  private async dial(): Promise<void> {
    if (this.dialing || this.state === 'stopped') return
    clearTimeout(this.timer)
    this.dialing = true
    const result = await this.options.dial()
    this.dialing = false
    if (this.again || !this.isWanted) return this.onUnwanted(result)
    if (!result.ok) return this.onFailure(result.problem)
    this.next = result.value
    this.next.watch((phase) => this.onPhase(result.value, phase))
    this.onPhase(result.value, result.value.phase)
  }

  /** Stopped, recovered or moved on while it was being dialled. */
  private onUnwanted(result: Result<PeerLink>): void {
    if (result.ok) this.retire(result.value)
    const again = this.again && this.isWanted
    this.again = false
    if (again) void this.dial()
  }

  private onPhase(link: PeerLink, phase: string): void {
    if (phase === 'connected' && link === this.next) this.swap(link)
    else if (phase === 'lost') this.onLost(link)
    else if (link !== this.current) return
    else if (phase === 'connected') this.trust()
    else if (phase === 'doubtful') this.doubt()
  }

  private swap(link: PeerLink): void {
    const old = this.current
    const works = old !== null && !this.doubted
    this.current = link
    this.next = null
    this.doubted = this.moving = false
    this.unreached = 0
    this.backoff.reset()
    this.enter('connected')
    this.options.onLink?.(link)
    if (old) this.retireAfter(old, works ? (this.options.overlapMs ?? 1_000) : 0)
  }

  private retireAfter(old: PeerLink, ms: number): void {
    old.watch(() => undefined) // its end changes nothing any more
    if (ms === 0) this.retire(old)
    else this.retiring.set(old, setTimeout(() => this.retire(old), ms))
  }

  private retire(old: PeerLink): void {
    clearTimeout(this.retiring.get(old))
    this.retiring.delete(old)
    old.close()
    this.options.onRetired?.(old.peerId)
  }

  private discardNext(): void {
    const next = this.next
    this.next = null
    if (next) this.retire(next)
  }

  private onLost(link: PeerLink): void {
    link.close()
    if (link === this.next) {
      this.next = null
      this.unreached += 1
      this.onFailure(this.unreached >= BLOCKED_AFTER ? BLOCKED : null)
    } else if (link === this.current) {
      this.current = null
      this.doubted = false
      this.enter('reconnecting')
      if (!this.next) void this.dial()
    }
  }

  private onFailure(problem: Problem | null): void {
    if (!this.current) this.enter(this.state === 'connecting' ? 'connecting' : 'reconnecting', problem)
    clearTimeout(this.timer)
    const leastMs = problem && !problem.retryable ? REFUSED_MS : 0
    this.timer = setTimeout(() => void this.dial(), Math.max(leastMs, this.backoff.nextMs()))
  }

  private enter(state: MediaState, problem: Problem | null = null): void {
    if (this.state === state && !problem) return
    this.state = state
    this.options.onState(state, problem)
  }
}
