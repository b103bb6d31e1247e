/**
 * The session's socket. It joins, rejoins after every reconnection with the last entry it has seen, delivers the event
 * log in order and without repeats, and keeps acts of people until the server has acknowledged them.
 *
 * `call` is one try. `act` adds an idempotency key and repeats the same act with the same key over reconnections and
 * reloads, so an act happens once however often it is sent. Who creates a `Signaling` closes it.
 */
import type { Role } from './api'
import { Comeback } from './comeback'
import type { Entry } from './entries'
import type { JoinResult, ServerEvents } from './events'
import { Outbox, type Act, type TextStorage } from './outbox'
import { fail, newKey, parseProblem, succeed, type Problem, type Result } from './problem'
import { openSocket, type SocketFactory, type SocketLike } from './socket'

export type LinkState = 'idle' | 'connecting' | 'joined' | 'reconnecting' | 'refused' | 'closed'

export interface SignalingOptions {
  role: Role
  csrf: () => string
  openSocket?: SocketFactory
  storage?: TextStorage | null
  newKey?: () => string
  /** @default 8000 */
  ackTimeoutMs?: number
  /** Pause before another try after a refusal that may pass. @default 1000 */
  retryMs?: number
  comeback?: (socket: SocketLike) => Comeback
}

type Listener<E extends keyof ServerEvents> = (message: ServerEvents[E]) => void
type Settle = (result: Result<unknown>) => void

const PASSED_ON = ['participants', 'session:state', 'detail:set', 'peer:closed', 'session:problem', 'ice:servers', 'view:served', 'checkpoint'] as const
const MOST_REFUSALS = 5
/** Reasons as the library names them. */
const OWN_RESTART = 'io client disconnect'
const SERVER_PUT_OUT = 'io server disconnect'

export class Signaling {
  state: LinkState = 'idle'
  /** Why the server refused, in state `refused`. */
  problem: Problem | null = null
  lastSeq = 0

  private readonly socket: SocketLike
  private readonly comeback: Comeback
  private readonly storage: TextStorage | null
  private readonly newKey: () => string
  private readonly ackTimeoutMs: number
  private readonly retryMs: number
  private readonly listeners = new Map<string, Set<(message: never) => void>>()
  private readonly stateListeners = new Set<(state: LinkState) => void>()
  private readonly joinListeners = new Set<(joined: JoinResult) => void>()
  private readonly unsentListeners = new Set<(act: Act, problem: Problem) => void>()
  private readonly settles = new Map<string, Settle>()
  private readonly inFlight = new Set<string>()
  private readonly refusals = new Map<string, number>()
  private outbox = new Outbox('', null)
  private sessionId = ''
  private early: Entry[] = []
  private attempt = 0

  constructor(private readonly options: SignalingOptions) {
    this.storage = options.storage === undefined ? pageStorage() : options.storage
    this.newKey = options.newKey ?? newKey
    this.ackTimeoutMs = options.ackTimeoutMs ?? 8_000
    this.retryMs = options.retryMs ?? 1_000
    this.socket = (options.openSocket ?? openSocket)(options.role, options.csrf)
    this.comeback = options.comeback?.(this.socket) ?? new Comeback(this.socket)
    this.wire()
  }

  /** Connects and stays joined to the session until `close`. `after_seq`: entries up to it are known already. */
  start(session: { session_id: string; after_seq?: number }): void {
    this.sessionId = session.session_id
    this.lastSeq = session.after_seq ?? 0
    this.outbox = new Outbox(`ytk-outbox-${this.options.role}-${this.sessionId}`, this.storage)
    this.enter('connecting')
    this.comeback.begin()
  }

  /** Tries again at once: after a refusal, or when the network has changed. */
  retry(): void {
    if (this.state === 'closed' || this.state === 'idle') return
    this.comeback.begin(true)
    if (this.state === 'refused') this.enter('connecting')
  }

  /** The socket may be dead (media is silent, the page was asleep): if nothing came for `quietMs`, it is made anew. */
  doubt(quietMs: number): void {
    if (this.socket.connected && this.socket.quietMs > quietMs) this.restart()
  }

  /** The network is back (media is heard, the page woke up): ends the pause or the hanging attempt, if there is one. */
  hurry(): void {
    if (!this.socket.connected && (this.state === 'reconnecting' || this.state === 'connecting')) this.comeback.hurry()
  }

  on<E extends keyof ServerEvents>(event: E, listener: Listener<E>): () => void {
    const listeners = this.listeners.get(event) ?? new Set()
    this.listeners.set(event, listeners.add(listener as (message: never) => void))
    return () => void listeners.delete(listener as (message: never) => void)
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.stateListeners.add(listener)
    return () => void this.stateListeners.delete(listener)
  }

  /** Called after every join, the first and each later one, before waiting acts are sent. */
  onJoined(listener: (joined: JoinResult) => void): () => void {
    this.joinListeners.add(listener)
    return () => void this.joinListeners.delete(listener)
  }

  /** Called when an act that nobody awaits any more (kept over a reload) is finally refused. */
  onUnsent(listener: (act: Act, problem: Problem) => void): () => void {
    this.unsentListeners.add(listener)
    return () => void this.unsentListeners.delete(listener)
  }

  /** Acts without an acknowledgement, oldest first. */
  get waiting(): readonly Act[] {
    return this.outbox.waiting
  }

  async call<T>(event: string, body: Record<string, unknown> = {}): Promise<Result<T>> {
    if (this.state !== 'joined') return fail('offline', `not joined: ${this.state}`, true)
    return this.ask<T>(event, body)
  }

  act<T>(event: string, body: Record<string, unknown> = {}): Promise<Result<T>> {
    const act: Act = { key: this.newKey(), event, body }
    if (this.state === 'closed') return Promise.resolve(fail('offline', 'closed'))
    if (!this.outbox.add(act)) return Promise.resolve(fail('queue_full', event, true))
    return new Promise((resolve) => {
      this.settles.set(act.key, resolve as Settle)
      this.settleDropped()
      if (this.state === 'joined') void this.send(act)
    })
  }

  /** Ends for good; acts that still wait resolve with `offline` (typed text stays stored for the next page). */
  close(): void {
    if (this.state === 'closed') return
    this.attempt += 1
    this.enter('closed')
    this.comeback.cancel()
    this.socket.disconnect()
    for (const settle of this.settles.values()) settle(fail('offline', 'closed', true))
    this.settles.clear()
  }

  private wire(): void {
    this.socket.on('connect', () => void this.join())
    this.socket.on('disconnect', (reason: string) => this.onDisconnect(reason))
    this.socket.on('connect_error', (error: Error & { data?: unknown }) => this.onConnectError(error))
    this.socket.on('entry', ({ entry }: { entry: Entry }) => this.onEntry(entry))
    for (const event of PASSED_ON) this.socket.on(event, (message: never) => this.tell(event, message))
  }

  private async join(): Promise<void> {
    if (this.state === 'closed') return this.socket.disconnect() as void
    this.comeback.arrived()
    const attempt = ++this.attempt
    this.inFlight.clear()
    this.early = []
    if (this.state === 'joined') this.enter('reconnecting')
    const result = await this.ask<JoinResult>('session:join', { session_id: this.sessionId, after_seq: this.lastSeq })
    if (attempt !== this.attempt) return
    if (result.ok) this.onJoin(result.value)
    else if (result.problem.retryable) this.later(attempt, () => void this.join())
    else this.refuse(result.problem)
  }

  private onJoin(joined: JoinResult): void {
    this.enter('joined') // before the entries, so that `onEntry` delivers instead of keeping them
    for (const entry of [...joined.entries, ...this.early.splice(0)]) this.onEntry(entry)
    for (const listener of this.joinListeners) listener(joined)
    for (const act of this.outbox.waiting) void this.send(act)
  }

  private onEntry(entry: Entry): void {
    if (this.state !== 'joined') this.early.push(entry)
    else if (entry.seq > this.lastSeq) {
      this.lastSeq = entry.seq
      this.tell('entry', { entry })
    }
  }

  private onDisconnect(reason: string): void {
    if (this.state === 'closed' || this.state === 'refused') return
    this.attempt += 1
    this.enter('reconnecting')
    if (reason === OWN_RESTART) return
    this.comeback.later(reason === SERVER_PUT_OUT ? this.retryMs : 0)
  }

  private onConnectError(error: Error & { data?: unknown }): void {
    if (this.state === 'closed' || this.state === 'refused') return
    if (this.socket.active) return this.comeback.later() // not reached at all
    const problem = parseProblem(error.data ?? { message: error.message })
    if (problem.code === 'internal' || problem.retryable) this.comeback.later(this.retryMs)
    else this.refuse(problem)
  }

  private restart(): void {
    if (this.state !== 'closed') this.comeback.begin(true)
  }

  private refuse(problem: Problem): void {
    this.comeback.cancel()
    this.problem = problem
    this.enter('refused')
  }

  private async send(act: Act): Promise<void> {
    if (this.inFlight.has(act.key)) return
    this.inFlight.add(act.key)
    const attempt = this.attempt
    const result = await this.ask<unknown>(act.event, { ...act.body, key: act.key })
    if (attempt !== this.attempt) return // reconnected or closed meanwhile: the join has sent it again
    this.inFlight.delete(act.key)
    if (!result.ok && this.mayTryAgain(act.key, result.problem)) this.later(attempt, () => this.resend(act), result.problem)
    else this.finish(act, result)
  }

  /** A silent or busy server is asked again; one that answers "not now" five times has answered. */
  private mayTryAgain(key: string, problem: Problem): boolean {
    if (!problem.retryable) return false
    const refusals = (this.refusals.get(key) ?? 0) + (problem.code === 'timeout' ? 0 : 1)
    this.refusals.set(key, refusals)
    return refusals < MOST_REFUSALS
  }

  private resend(act: Act): void {
    if (this.state === 'joined' && this.outbox.has(act.key)) void this.send(act)
  }

  private finish(act: Act, result: Result<unknown>): void {
    this.outbox.remove(act.key)
    this.refusals.delete(act.key)
    const settle = this.settles.get(act.key)
    this.settles.delete(act.key)
    if (settle) settle(result)
    else if (!result.ok) for (const listener of this.unsentListeners) listener(act, result.problem)
  }

  private settleDropped(): void {
    for (const [key, settle] of this.settles) {
      if (this.outbox.has(key)) continue
      this.settles.delete(key)
      settle(fail('queue_full', 'dropped for newer measurements'))
    }
  }

  private async ask<T>(event: string, body: unknown): Promise<Result<T>> {
    try {
      const ack = (await this.socket.ask(event, body, this.ackTimeoutMs)) as { ok?: boolean; result?: T; error?: unknown }
      return ack?.ok ? succeed(ack.result as T) : { ok: false, problem: parseProblem(ack?.error) }
    } catch (error) {
      if (this.socket.connected) this.restart() // silence: the link is dead, whatever it says
      return fail('timeout', `${event}: ${String(error)}`, true)
    }
  }

  private later(attempt: number, then: () => void, problem?: Problem): void {
    const pauseMs = Math.max(this.retryMs, Math.min(problem?.retry_after_s ?? 0, 30) * 1000)
    setTimeout(() => attempt === this.attempt && this.state !== 'closed' && then(), pauseMs)
  }

  private tell<E extends keyof ServerEvents>(event: E, message: ServerEvents[E]): void {
    for (const listener of this.listeners.get(event) ?? []) listener(message as never)
  }

  private enter(state: LinkState): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    if (state !== 'refused') this.problem = null
    for (const listener of this.stateListeners) listener(state)
  }
}

function pageStorage(): TextStorage | null {
  try {
    return globalThis.sessionStorage ?? null
  } catch {
    return null // storage forbidden by the browser's settings
  }
}
