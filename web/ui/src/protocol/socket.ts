/** The socket as `Signaling` needs it, and the real one. Tests pass a fake. */
import { io } from 'socket.io-client'
import type { Role } from './api'

/**
 * The part of a Socket.IO client socket that is used. It never comes back by itself: each `connect` is one attempt, which
 * ends with `connect` or `connect_error`.
 */
export interface SocketLike {
  readonly connected: boolean
  /** After a `connect_error`: false where the server has refused, true where it was not reached. */
  readonly active: boolean
  /** How long nothing has come from the server; its pings come every second. */
  readonly quietMs: number
  on(event: string, listener: (...args: never[]) => void): unknown
  connect(): unknown
  disconnect(): unknown
  /** Sends and waits for the acknowledgement; rejects after `timeoutMs`. */
  ask(event: string, body: unknown, timeoutMs: number): Promise<unknown>
  /** Drops the transport, or the attempt that hangs, and connects anew at once. */
  restart(): void
  /** Whether the server answers at all. */
  probe(): Promise<boolean>
}

export type SocketFactory = (role: Role, csrf: () => string) => SocketLike

/**
 * An attempt that gets no answer is begun anew after this: phones send another SYN after 1 s and 3 s, the next would
 * come after 7 s. Shorter would not do: browsers make a page wait that fails to connect too often.
 */
const ATTEMPT_MS = 5_000
const PROBE_MS = 4_000

export const openSocket: SocketFactory = (role, csrf) => {
  const socket = io(`/${role}`, {
    path: '/socket.io',
    autoConnect: false,
    forceNew: true,
    transports: ['websocket'],
    auth: (give) => give({ csrf: csrf() }),
    reconnection: false,
    timeout: ATTEMPT_MS,
  })
  let heardAt = performance.now()
  const hear = (): void => void (heardAt = performance.now())
  socket.io.on('open', () => {
    hear()
    socket.io.engine.on('packet', hear)
  })
  return {
    get connected() {
      return socket.connected
    },
    get active() {
      return socket.active
    },
    get quietMs() {
      return performance.now() - heardAt
    },
    on: (event, listener) => socket.on(event, listener as (...args: unknown[]) => void),
    connect: () => socket.connect(),
    disconnect: () => socket.disconnect(),
    ask: (event, body, timeoutMs) => socket.timeout(timeoutMs).emitWithAck(event, body) as Promise<unknown>,
    restart: () => void socket.disconnect().connect(),
    probe,
  }
}

/** By plain HTTP, which browsers do not slow down after failures as they do with sockets. */
async function probe(): Promise<boolean> {
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(), PROBE_MS)
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: giveUp.signal })).ok
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
