/**
 * Sends one person's camera and microphone to the relay, for as long as it is started: offers complete (no trickle),
 * keeps the connection alive, switches tracks without negotiating anew. Knows no page and no inspection.
 */
import { GATHER_MS, OneWay, type OneWayOptions, type PeerSignal } from './one_way'
import { createPeer, gathered, PeerLink } from './peer_link'
import { addVideo, applyQuality, DETAIL, FAINT, PLAIN, preferVp8, voiceEncoding, WEAK, withVoiceNack, type VideoQuality } from './quality'
import { readUplink } from './stats'
import { UplinkWatch } from './uplink_watch'
import { fail, succeed, type Result } from '../protocol/problem'

export interface UpSignal extends PeerSignal {
  publish(sdp: string): Promise<Result<{ peer_id: string; sdp: string }>>
}

/** Who signs what is sent: see `rtc/signing`. */
export interface FrameSigning {
  ready(): Promise<void>
  configure(configuration: RTCConfiguration): RTCConfiguration
  attach(pc: RTCPeerConnection): void
}

export interface PublisherOptions extends OneWayOptions {
  signal: UpSignal
  videoCapabilities?: () => RTCRtpCapabilities | null
  signing?: FrameSigning | null
  /** The uplink has become too weak for a moving picture (few, sharp frames are sent then), or good again. */
  onUplink?: (weak: boolean) => void
}

const LOOK_EVERY_MS = 1_000

export class Publisher extends OneWay {
  private stream: MediaStream | null = null
  private wanted: VideoQuality = PLAIN
  private readonly uplink = new UplinkWatch()
  private looking: ReturnType<typeof setInterval> | undefined

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
    this.wanted = on ? DETAIL : PLAIN
    await this.applyTo(this.peer)
  }

  /** Whether few, sharp frames are sent, because more do not fit. */
  get weakUplink(): boolean {
    return this.uplink.weak
  }

  override stop(): void {
    clearInterval(this.looking)
    super.stop()
  }

  protected async dial(): Promise<Result<PeerLink>> {
    const signing = this.options.signing
    if (signing) await signing.ready()
    const plain: RTCConfiguration = { iceServers: this.iceServers, bundlePolicy: 'max-bundle' }
    const pc = (this.options.createPeer ?? createPeer)(signing ? signing.configure(plain) : plain)
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
    this.uplink.restart()
    clearInterval(this.looking)
    this.looking = setInterval(() => void this.look(link.pc), LOOK_EVERY_MS)
  }

  private get quality(): VideoQuality {
    if (!this.uplink.weak) return this.wanted
    return this.uplink.faint ? FAINT : WEAK
  }

  private async look(pc: RTCPeerConnection): Promise<void> {
    const bits = await readUplink(pc).catch(() => null) // the connection may be closed meanwhile
    const before = this.uplink.weak
    if (pc !== this.peer || !this.uplink.observe(Date.now(), bits)) return
    if (this.uplink.weak !== before) this.options.onUplink?.(this.uplink.weak)
    await this.applyTo(pc)
  }

  private async offer(pc: RTCPeerConnection): Promise<Result<{ peer_id: string; sdp: string }>> {
    const stream = this.stream
    if (!stream) return fail('media_failed', 'nothing to send')
    for (const track of stream.getTracks()) this.addTrack(pc, track, stream)
    this.options.signing?.attach(pc) // before the offer: what is set later may be passed by
    await setOffer(pc)
    await this.applyTo(pc) // before the first frame: the browser's own choice would start small
    await gathered(pc, this.options.gatherMs ?? GATHER_MS)
    return this.options.signal.publish(pc.localDescription?.sdp ?? '')
  }

  private addTrack(pc: RTCPeerConnection, track: MediaStreamTrack, stream: MediaStream): void {
    if (track.kind === 'video') {
      preferVp8(addVideo(pc, track, stream, this.quality), (this.options.videoCapabilities ?? sendCapabilities)())
    } else {
      pc.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings: [voiceEncoding()] })
    }
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
