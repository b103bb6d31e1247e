/**
 * What sending and receiving share: a connection in one direction that is dialled, kept alive, replaced when the network
 * changes, and reported to the server when it is not needed any more.
 */
import type { CreatePeer, PeerLink, PeerLinkOptions } from './peer_link'
import { Redialer, type MediaState } from './redialer'
import { isSilent } from './stats'
import type { Problem, Result } from '../protocol/problem'

export interface OneWayOptions {
  signal: { close(peerId: string): void }
  createPeer?: CreatePeer
  onState?: (state: MediaState, problem: Problem | null) => void
  link?: PeerLinkOptions
  /** Longest wait for ICE candidates. @default 1000 */
  gatherMs?: number
}

export abstract class OneWay {
  protected iceServers: RTCIceServer[] = []
  protected readonly redialer: Redialer

  constructor(private readonly shared: OneWayOptions) {
    this.redialer = new Redialer({
      dial: () => this.dial(),
      onState: (state, problem) => this.shared.onState?.(state, problem),
      onLink: (link) => this.onLink(link),
      onRetired: (peerId) => this.shared.signal.close(peerId),
    })
  }

  get state(): MediaState {
    return this.redialer.state
  }

  get peer(): RTCPeerConnection | null {
    return this.redialer.link?.pc ?? null
  }

  /** The device has moved to another network: a second connection first, then the swap. */
  networkChanged(): void {
    this.redialer.replace()
  }

  peerClosed(peerId: string): void {
    this.redialer.drop(peerId)
  }

  /** After the socket has come back. `alive`: peers the relay still holds, where the server says so. */
  async rejoined(alive: string[] | undefined, iceServers: RTCIceServer[]): Promise<void> {
    this.iceServers = iceServers
    const link = this.redialer.link
    if (!link) return
    const gone = alive ? !alive.includes(link.peerId) : await isSilent(link.pc)
    if (gone) this.redialer.drop(link.peerId)
  }

  stop(): void {
    const peerId = this.redialer.link?.peerId
    this.redialer.stop()
    if (peerId) this.shared.signal.close(peerId)
  }

  /** Makes one connection, described complete on both sides; connected it may be later. */
  protected abstract dial(): Promise<Result<PeerLink>>

  /** This connection has connected, and is the one in use from now on. */
  protected abstract onLink(link: PeerLink): void
}
