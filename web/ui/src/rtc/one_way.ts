/**
 * What sending and receiving share: a connection in one direction that is dialled, kept alive, replaced when it falls
 * silent or the network changes, and reported to the server when it is not needed any more.
 */
import type { CreatePeer, PeerLink, PeerLinkOptions } from './peer_link'
import { Redialer, type MediaState } from './redialer'
import { SilenceWatch, type SilenceWatchOptions } from './silence_watch'
import { fail, type Problem, type Result } from '../protocol/problem'

export interface PeerSignal {
  close(peerId: string): void
  /** Whether somebody would answer now. @default yes */
  isReady?(): boolean
}

export interface OneWayOptions {
  signal: PeerSignal
  createPeer?: CreatePeer
  onState?: (state: MediaState, problem: Problem | null) => void
  /** Nothing comes over this connection any more: perhaps the socket is dead too. Or it is heard again. */
  onHearing?: (heard: boolean) => void
  link?: PeerLinkOptions
  watch?: Omit<SilenceWatchOptions, 'onQuiet'>
  /** Longest wait for ICE candidates. @default 100 */
  gatherMs?: number
}

/** The relay learns our addresses from checks, so an offer need not wait for STUN and TURN servers. */
export const GATHER_MS = 100

export abstract class OneWay {
  protected iceServers: RTCIceServer[] = []
  protected readonly redialer: Redialer
  private readonly watch: SilenceWatch
  private silent = false

  constructor(private readonly shared: OneWayOptions) {
    this.redialer = new Redialer({
      dial: () => this.dialIfReady(),
      onState: (state, problem) => this.shared.onState?.(state, problem),
      onLink: (link) => this.use(link),
      onRetired: (peerId) => this.shared.signal.close(peerId),
    })
    this.watch = new SilenceWatch({ ...shared.watch, onQuiet: (_, isSilent) => this.onQuiet(isSilent) })
  }

  get state(): MediaState {
    return this.redialer.state
  }

  isMine(peerId: string): boolean {
    return this.redialer.link?.peerId === peerId
  }

  get peer(): RTCPeerConnection | null {
    return this.redialer.link?.pc ?? null
  }

  /** The device has moved to another network: a second connection first, then the swap. */
  networkChanged(): void {
    this.redialer.replace()
  }

  /** For connections made from now on: credentials of TURN servers run out. */
  useIceServers(iceServers: RTCIceServer[]): void {
    this.iceServers = iceServers
  }

  peerClosed(peerId: string): void {
    this.redialer.drop(peerId)
  }

  /** After the socket has come back. `alive`: peers the relay still holds, where the server says so. */
  rejoined(alive: string[] | undefined, iceServers: RTCIceServer[]): void {
    this.iceServers = iceServers
    const link = this.redialer.link
    if (link && alive && !alive.includes(link.peerId)) this.redialer.drop(link.peerId)
    this.redialer.hurry()
  }

  stop(): void {
    const peerId = this.redialer.link?.peerId
    this.watch.stop()
    this.redialer.stop()
    if (peerId) this.shared.signal.close(peerId)
  }

  /** Makes one connection, described complete on both sides; connected it may be later. */
  protected abstract dial(): Promise<Result<PeerLink>>

  /** This connection has connected, and is the one in use from now on. */
  protected abstract onLink(link: PeerLink): void

  private async dialIfReady(): Promise<Result<PeerLink>> {
    // Without the socket nobody answers: `rejoined` dials as soon as it is back.
    return this.shared.signal.isReady?.() === false ? fail('offline', 'not joined', true) : this.dial()
  }

  private use(link: PeerLink): void {
    this.silent = false
    this.watch.follow(link.pc)
    this.onLink(link)
  }

  private onQuiet(isSilent: boolean): void {
    const before = this.silent
    this.silent = isSilent
    if (isSilent || before) this.shared.onHearing?.(!isSilent) // first the socket: a dead one takes no dial
    if (isSilent) this.redialer.doubt()
    else if (before) this.redialer.trust()
  }
}
