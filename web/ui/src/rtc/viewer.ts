/**
 * Receives what the relay forwards to one person: the server offers, we answer complete. Streams are told apart by
 * msid: `applicant` (picture and voice) and `voice-1`, `voice-2`, `voice-3`. The slots are fixed, so nothing is ever
 * renegotiated; a slot without a source is silent.
 */
import { GATHER_MS, OneWay, type OneWayOptions, type PeerSignal } from './one_way'
import { PatientViewing } from './patience'
import { createPeer, gathered, PeerLink } from './peer_link'
import { fail, succeed, type Result } from '../protocol/problem'

export interface DownSignal extends PeerSignal {
  subscribe(): Promise<Result<{ peer_id: string; sdp: string }>>
  answer(peerId: string, sdp: string): Promise<Result<unknown>>
}

export type Streams = Readonly<Record<string, MediaStream>>

export interface ViewerOptions extends OneWayOptions {
  signal: DownSignal
  createStream?: () => MediaStream
  onStreams: (streams: Streams) => void
  /** How long the picture of a replaced connection stays at most, until the new one has a picture. @default 1000 */
  holdMs?: number
}

export class Viewer extends OneWay {
  private readonly streams = new WeakMap<RTCPeerConnection, Map<string, MediaStream>>()
  private shown: RTCPeerConnection | null = null
  private readonly patience = new PatientViewing()

  constructor(private readonly options: ViewerOptions) {
    super(options)
  }

  start(iceServers: RTCIceServer[]): void {
    this.iceServers = iceServers
    this.redialer.start()
  }

  override stop(): void {
    this.patience.stop()
    super.stop()
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

  /** The older picture stays on the screen until the new connection has one. */
  protected onLink(link: PeerLink): void {
    this.patience.follow(link.pc)
    const show = (): void => {
      if (this.redialer.link === link && this.shown !== link.pc) {
        this.shown = link.pc
        this.options.onStreams(this.streamsOf(link.pc))
      }
    }
    const picture = pictureOf(link.pc)
    if (!this.shown || this.shown.connectionState !== 'connected' || !picture?.muted) return show()
    picture.addEventListener('unmute', show, { once: true })
    setTimeout(show, this.options.holdMs ?? 1_000)
  }

  private async answer(pc: RTCPeerConnection, offer: { peer_id: string; sdp: string }): Promise<Result<unknown>> {
    const byName = new Map<string, MediaStream>()
    this.streams.set(pc, byName)
    pc.addEventListener('track', (event) => this.collect(byName, event))
    await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp })
    await pc.setLocalDescription(await pc.createAnswer())
    await gathered(pc, this.options.gatherMs ?? GATHER_MS)
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

function pictureOf(pc: RTCPeerConnection): MediaStreamTrack | null {
  return pc.getReceivers().find((receiver) => receiver.track.kind === 'video')?.track ?? null
}
