/**
 * Receives what the relay forwards to one person: the server offers, we answer complete. Streams are told apart by
 * msid: `applicant` (picture and voice) and `voice-1`, `voice-2`, `voice-3`. The slots are fixed, so nothing is ever
 * renegotiated; a slot without a source is silent.
 */
import { createPeer, gathered, PeerLink, type CreatePeer, type PeerLinkOptions } from './peer_link'
import { Redialer, type MediaState } from './redialer'
import { isSilent } from './stats'
import { fail, succeed, type Problem, type Result } from '../protocol/problem'

export interface DownSignal {
  subscribe(): Promise<Result<{ peer_id: string; sdp: string }>>
  answer(peerId: string, sdp: string): Promise<Result<unknown>>
  close(peerId: string): void
}

export type Streams = Readonly<Record<string, MediaStream>>

export interface ViewerOptions {
  signal: DownSignal
  createPeer?: CreatePeer
  createStream?: () => MediaStream
  onStreams: (streams: Streams) => void
  onState?: (state: MediaState, problem: Problem | null) => void
  link?: PeerLinkOptions
  gatherMs?: number
}

export class Viewer {
  private iceServers: RTCIceServer[] = []
  private readonly streams = new WeakMap<RTCPeerConnection, Map<string, MediaStream>>()
  private readonly redialer: Redialer

  constructor(private readonly options: ViewerOptions) {
    this.redialer = new Redialer({
      dial: () => this.dial(),
      onState: (state, problem) => this.options.onState?.(state, problem),
      onLink: (link) => this.options.onStreams(this.streamsOf(link.pc)),
      onRetired: (peerId) => this.options.signal.close(peerId),
    })
  }

  get state(): MediaState {
    return this.redialer.state
  }

  get peer(): RTCPeerConnection | null {
    return this.redialer.link?.pc ?? null
  }

  start(iceServers: RTCIceServer[]): void {
    this.iceServers = iceServers
    this.redialer.start()
  }

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
    if (peerId) this.options.signal.close(peerId)
  }

  private async dial(): Promise<Result<PeerLink>> {
    const offer = await this.options.signal.subscribe()
    if (!offer.ok) return offer
    const pc = (this.options.createPeer ?? createPeer)({ iceServers: this.iceServers, bundlePolicy: 'max-bundle' })
    try {
      const answer = await this.answer(pc, offer.value)
      if (answer.ok) return succeed(new PeerLink(offer.value.peer_id, pc, this.options.link))
      pc.close()
      return answer
    } catch (error) {
      pc.close()
      return fail('media_failed', String(error), true)
    }
  }

  private async answer(pc: RTCPeerConnection, offer: { peer_id: string; sdp: string }): Promise<Result<unknown>> {
    const byName = new Map<string, MediaStream>()
    this.streams.set(pc, byName)
    pc.addEventListener('track', (event) => this.collect(byName, event))
    await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp })
    await pc.setLocalDescription(await pc.createAnswer())
    await gathered(pc, this.options.gatherMs ?? 1_000)
    return this.options.signal.answer(offer.peer_id, pc.localDescription?.sdp ?? '')
  }

  private collect(byName: Map<string, MediaStream>, { streams, track }: RTCTrackEvent): void {
    const name = streams[0]?.id ?? track.id
    const stream = byName.get(name) ?? streams[0] ?? (this.options.createStream ?? (() => new MediaStream()))()
    if (!stream.getTracks().includes(track)) stream.addTrack(track)
    byName.set(name, stream)
  }

  private streamsOf(pc: RTCPeerConnection): Streams {
    return Object.fromEntries(this.streams.get(pc) ?? [])
  }
}
