/**
 * Sends one person's camera and microphone to the relay, for as long as it is started: offers complete (no trickle),
 * keeps the connection alive, switches tracks without negotiating anew. Knows no page and no inspection.
 */
import { GATHER_MS, OneWay, type OneWayOptions, type PeerSignal } from './one_way'
import { createPeer, gathered, PeerLink } from './peer_link'
import { applyQuality, DETAIL, PLAIN, preferVp8, videoEncoding, VOICE_MAX_BITRATE, withVoiceNack, type VideoQuality } from './quality'
import { fail, succeed, type Result } from '../protocol/problem'

export interface UpSignal extends PeerSignal {
  publish(sdp: string): Promise<Result<{ peer_id: string; sdp: string }>>
}

export interface PublisherOptions extends OneWayOptions {
  signal: UpSignal
  videoCapabilities?: () => RTCRtpCapabilities | null
}

export class Publisher extends OneWay {
  private stream: MediaStream | null = null
  private quality: VideoQuality = PLAIN

  constructor(private readonly options: PublisherOptions) {
    super(options)
  }

  start(stream: MediaStream, iceServers: RTCIceServer[]): void {
    this.stream = stream
    this.iceServers = iceServers
    this.redialer.start()
  }

  /** Sends these tracks from now on; negotiates anew only where a kind of track has come or gone. */
  async setStream(stream: MediaStream): Promise<void> {
    this.stream = stream
    const pc = this.peer
    if (!pc) return
    const senders = pc.getSenders()
    const kinds = (tracks: (MediaStreamTrack | null)[]): string => tracks.map((track) => track?.kind).sort().join()
    if (kinds(senders.map((sender) => sender.track)) !== kinds(stream.getTracks())) return this.redialer.replace()
    for (const track of stream.getTracks()) {
      await senders.find((sender) => sender.track?.kind === track.kind)?.replaceTrack(track)
    }
    await this.applyTo(pc)
  }

  async setDetail(on: boolean): Promise<void> {
    this.quality = on ? DETAIL : PLAIN
    await this.applyTo(this.peer)
  }

  protected async dial(): Promise<Result<PeerLink>> {
    const pc = (this.options.createPeer ?? createPeer)({ iceServers: this.iceServers, bundlePolicy: 'max-bundle' })
    try {
      const answer = await this.offer(pc)
      if (!answer.ok) {
        pc.close()
        return answer
      }
      await pc.setRemoteDescription({ type: 'answer', sdp: answer.value.sdp })
      return succeed(new PeerLink(answer.value.peer_id, pc, this.options.link))
    } catch (error) {
      pc.close()
      return fail('media_failed', String(error), true)
    }
  }

  protected onLink(link: PeerLink): void {
    void this.applyTo(link.pc)
  }

  private async offer(pc: RTCPeerConnection): Promise<Result<{ peer_id: string; sdp: string }>> {
    const stream = this.stream
    if (!stream) return fail('media_failed', 'nothing to send')
    for (const track of stream.getTracks()) this.addTrack(pc, track, stream)
    await setOffer(pc)
    await this.applyTo(pc) // before the first frame: the browser's own choice would start small
    await gathered(pc, this.options.gatherMs ?? GATHER_MS)
    return this.options.signal.publish(pc.localDescription?.sdp ?? '')
  }

  private addTrack(pc: RTCPeerConnection, track: MediaStreamTrack, stream: MediaStream): void {
    const encoding = track.kind === 'video' ? videoEncoding(this.quality) : { maxBitrate: VOICE_MAX_BITRATE }
    const init = { direction: 'sendonly' as const, streams: [stream], sendEncodings: [encoding] }
    const transceiver = pc.addTransceiver(track, init)
    if (track.kind === 'video') preferVp8(transceiver, (this.options.videoCapabilities ?? sendCapabilities)())
  }

  private async applyTo(pc: RTCPeerConnection | null): Promise<void> {
    const sender = pc?.getSenders().find((candidate) => candidate.track?.kind === 'video')
    if (sender) await applyQuality(sender, this.quality)
  }
}

/** A browser that refuses an edited offer gets its own. */
async function setOffer(pc: RTCPeerConnection): Promise<void> {
  const offer = await pc.createOffer()
  try {
    await pc.setLocalDescription({ type: 'offer', sdp: withVoiceNack(offer.sdp ?? '') })
  } catch {
    await pc.setLocalDescription(offer)
  }
}

function sendCapabilities(): RTCRtpCapabilities | null {
  return typeof RTCRtpSender === 'undefined' ? null : RTCRtpSender.getCapabilities('video')
}
