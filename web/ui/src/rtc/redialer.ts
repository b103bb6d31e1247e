/**
 * Keeps one `PeerLink` alive: dials, dials again when it is lost, and swaps make-before-break when asked to replace it.
 *
 * At most two links exist, the one in use and the one that is being made; a third dial is never started. Between
 * failures it waits 0.3 s, doubling up to 3 s.
 */
import type { PeerLink } from './peer_link'
import type { Problem, Result } from '../protocol/problem'

export type MediaState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'stopped'

export interface RedialerOptions {
  dial: () => Promise<Result<PeerLink>>
  onState: (state: MediaState, problem: Problem | null) => void
  /** A link has connected and is from now on the one in use. */
  onLink?: (link: PeerLink) => void
  /** Tells the server that a link which was replaced is not needed any more. */
  onRetired?: (peerId: string) => void
  firstPauseMs?: number
  maxPauseMs?: number
}

export class Redialer {
  state: MediaState = 'idle'
  private current: PeerLink | null = null
  private next: PeerLink | null = null
  private dialing = false
  private again = false
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: RedialerOptions) {}

  get link(): PeerLink | null {
    return this.current
  }

  start(): void {
    if (this.state !== 'idle') return
    this.enter('connecting')
    void this.dial()
  }

  /** Makes a second link and swaps when it is connected. */
  replace(): void {
    if (this.state === 'idle' || this.state === 'stopped') return
    if (this.dialing || this.next) this.again = this.dialing
    else void this.dial()
  }

  /** The server says that this link is gone (or the caller has found it silent). */
  drop(peerId: string): void {
    if (this.next?.peerId === peerId) this.onLost(this.next)
    else if (this.current?.peerId === peerId) this.onLost(this.current)
  }

  stop(): void {
    if (this.state === 'stopped') return
    clearTimeout(this.timer)
    this.current?.close()
    this.next?.close()
    this.current = this.next = null
    this.enter('stopped')
  }

  private async dial(): Promise<void> {
    if (this.dialing || this.state === 'stopped') return
    clearTimeout(this.timer)
    this.dialing = true
    const result = await this.options.dial()
    this.dialing = false
    if ((this.state as MediaState) === 'stopped') return void (result.ok && result.value.close())
    if (!result.ok) return this.onFailure(result.problem)
    this.next = result.value
    this.next.watch((phase) => this.onPhase(result.value, phase))
    this.onPhase(result.value, result.value.phase)
  }

  private onPhase(link: PeerLink, phase: string): void {
    if (phase === 'connected' && link === this.next) this.swap(link)
    else if (phase === 'lost') this.onLost(link)
  }

  private swap(link: PeerLink): void {
    const old = this.current
    this.current = link
    this.next = null
    this.failures = 0
    this.enter('connected')
    this.options.onLink?.(link)
    if (old) this.retire(old)
    if (this.again) this.replaceOnce()
  }

  private replaceOnce(): void {
    this.again = false
    void this.dial()
  }

  private retire(old: PeerLink): void {
    old.close()
    this.options.onRetired?.(old.peerId)
  }

  private onLost(link: PeerLink): void {
    link.close()
    if (link === this.next) {
      this.next = null
      this.onFailure(null)
    } else if (link === this.current) {
      this.current = null
      this.enter('reconnecting')
      if (!this.next) void this.dial()
    }
  }

  private onFailure(problem: Problem | null): void {
    if (!this.current) this.enter(this.state === 'connecting' ? 'connecting' : 'reconnecting', problem)
    const pause = Math.min(this.options.maxPauseMs ?? 3_000, (this.options.firstPauseMs ?? 300) * 2 ** this.failures)
    this.failures += 1
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.dial(), pause)
  }

  private enter(state: MediaState, problem: Problem | null = null): void {
    if (this.state === state && !problem) return
    this.state = state
    this.options.onState(state, problem)
  }
}
