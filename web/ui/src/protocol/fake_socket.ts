/** A socket for tests: what was asked is kept, the test answers when it likes. */
import type { SocketFactory, SocketLike } from './socket'

export interface Asked {
  event: string
  body: Record<string, unknown>
  answer(ack: unknown): Promise<void>
  fail(): Promise<void>
}

export class FakeSocket implements SocketLike {
  connected = false
  active = true
  restarts = 0
  connects = 0
  probes = 0
  answersProbes = true
  quietMs = 0
  asked: Asked[] = []
  private readonly listeners = new Map<string, ((...args: never[]) => void)[]>()

  readonly factory: SocketFactory = () => this

  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
  }

  connect(): void {
    this.connects += 1
  }

  disconnect(): void {
    this.connected = false
  }

  /** As the library does: a connection that is dropped says so, an attempt does not. */
  restart(): void {
    this.restarts += 1
    if (this.connected) this.go('io client disconnect')
    this.connect()
  }

  probe(): Promise<boolean> {
    this.probes += 1
    return Promise.resolve(this.answersProbes)
  }

  /** The attempt under way has not reached the server. */
  miss(): void {
    this.emit('connect_error', new Error('websocket error'))
  }

  ask(event: string, body: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        event,
        body: body as Record<string, unknown>,
        answer: (ack) => settle(() => resolve(ack)),
        fail: () => settle(() => reject(new Error('timeout'))),
      })
    })
  }

  emit(event: string, ...args: unknown[]): void {
    for (const listener of this.listeners.get(event) ?? []) listener(...(args as never[]))
  }

  come(): void {
    this.connected = true
    this.emit('connect')
  }

  go(reason = 'transport close'): void {
    this.connected = false
    this.emit('disconnect', reason)
  }

  /** The newest ask of `event`. */
  last(event: string): Asked {
    const found = this.of(event).at(-1)
    if (!found) throw new Error(`nobody asked ${event}`)
    return found
  }

  of(event: string): Asked[] {
    return this.asked.filter((ask) => ask.event === event)
  }

  /** Connects and lets the server accept the join. */
  async join(result: Record<string, unknown> = {}): Promise<void> {
    this.come()
    await this.last('session:join').answer({ ok: true, result: { ...JOINED, ...result } })
  }
}

const JOINED = { participant_id: 'p1', session: {}, participants: [], entries: [], last_seq: 0, ice_servers: [], recording: false }

async function settle(act: () => void): Promise<void> {
  act()
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}
