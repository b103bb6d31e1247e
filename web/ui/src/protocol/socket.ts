/** The socket as `Signaling` needs it, and the real one. Tests pass a fake. */
import { io } from 'socket.io-client'
import type { Role } from './api'

/** The part of a Socket.IO client socket that is used. */
export interface SocketLike {
  readonly connected: boolean
  /** Whether the library itself will try to connect again. */
  readonly active: boolean
  on(event: string, listener: (...args: never[]) => void): unknown
  connect(): unknown
  disconnect(): unknown
  /** Sends and waits for the acknowledgement; rejects after `timeoutMs`. */
  ask(event: string, body: unknown, timeoutMs: number): Promise<unknown>
  /** Drops the transport so that the library connects anew at once. */
  kick(): void
}

export type SocketFactory = (role: Role, csrf: () => string) => SocketLike

export const openSocket: SocketFactory = (role, csrf) => {
  const socket = io(`/${role}`, {
    path: '/socket.io',
    autoConnect: false,
    forceNew: true,
    transports: ['websocket'],
    auth: (give) => give({ csrf: csrf() }),
    reconnectionDelay: 300,
    reconnectionDelayMax: 3_000,
    randomizationFactor: 0.3,
    timeout: 6_000,
  })
  return {
    get connected() {
      return socket.connected
    },
    get active() {
      return socket.active
    },
    on: (event, listener) => socket.on(event, listener as (...args: unknown[]) => void),
    connect: () => socket.connect(),
    disconnect: () => socket.disconnect(),
    ask: (event, body, timeoutMs) => socket.timeout(timeoutMs).emitWithAck(event, body) as Promise<unknown>,
    kick: () => socket.io.engine?.close(),
  }
}
