/**
 * Receives what the relay forwards to one person: the server offers, we answer complete. Streams are told apart by
 * msid: `applicant` (picture and voice) and `voice-1`, `voice-2`, `voice-3`. The slots are fixed, so nothing is ever
 * renegotiated; a slot without a source is silent.
 */
import { OneWay, type OneWayOptions } from './one_way'
import { createPeer, gathered, PeerLink } from './peer_link'
import { fail, succeed, type Result } from '../protocol/problem'

export interface DownSignal {
  subscribe(): Promise<Result<{ peer_id: string; sdp: string }>>
  answer(peerId: string, sdp: string): Promise<Result<unknown>>
  close(peerId: string): void
}

export type Streams = Readonly<Record<string, MediaStream>>

export interface ViewerOptions extends OneWayOptions {
  signal: DownSignal
  createStream?: () => MediaStream
  onStreams: (streams: Streams) => void
}

export class Viewer extends OneWay {
  private readonly streams = new WeakMap<RTCPeerConnection, Map<string, MediaStream>>()

  constructor(private readonly options: ViewerOptions) {
    super(options)
  }

  start(iceServers: RTCIceServer[]): void {
    this.iceServers = iceServers
    this.redialer.start()
  }

  protected async dial(): Promise<Result<PeerLink>> {
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

  protected onLink(link: PeerLink): void {
    this.options.onStreams(this.streamsOf(link.pc))
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
