/**
 * What the sender asks of its encoder. The default spares a phone's data (about 5 MB a minute); detail is for reading
 * labels and lasts as long as the inspector wants it.
 *
 * Both keep the resolution: with "balanced", Chromium sends 320 pixels' width of a hand-held clip at 600 kb/s, and stills
 * of that show nothing (measured); fewer frames do less harm. For detail the hint makes the encoder skip its denoiser,
 * which holds 30 frames a second at 720p where it otherwise reaches 22 on the same machine.
 *
 * On a weak uplink a few sharp frames a second say more than fifteen blurred ones: of a hand-held 720p clip at 200 kb/s
 * SSIM is 0.97 with 2 frames and the hint, 0.94 with 15; a smaller picture shows less (panning: 0.91, at 960 pixels 0.87).
 *
 * Layers only where there is room for them: the base layer refers to four frames ago, which a pan at 15 frames a second
 * has left behind; at 600 kb/s Chromium then drops frames until 3 a second are left, without layers it holds 15 (measured).
 */
export interface VideoQuality {
  maxBitrate: number
  maxFramerate: number
  contentHint: string
  degradationPreference: RTCDegradationPreference
  /** Temporal layers, so that the relay can send fewer frames to a viewer whose own line is weak. */
  scalabilityMode: 'L1T1' | 'L1T3'
}

export const PLAIN: VideoQuality = {
  maxBitrate: 600_000,
  maxFramerate: 15,
  contentHint: '',
  degradationPreference: 'maintain-resolution',
  scalabilityMode: 'L1T1',
}

export const DETAIL: VideoQuality = {
  maxBitrate: 2_500_000,
  maxFramerate: 30,
  contentHint: 'detail',
  degradationPreference: 'maintain-resolution',
  scalabilityMode: 'L1T3',
}

/** The rate stays open, so that the browser's estimate notices when the uplink is better again. */
export const WEAK: VideoQuality = {
  maxBitrate: 600_000,
  maxFramerate: 4,
  contentHint: 'detail',
  degradationPreference: 'maintain-resolution',
  scalabilityMode: 'L1T1',
}

/** Under 250 kb/s. */
export const FAINT: VideoQuality = { ...WEAK, maxFramerate: 2 }

const VOICE_MAX_BITRATE = 40_000

type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string }

function videoEncoding({ maxBitrate, maxFramerate, scalabilityMode }: VideoQuality): Encoding {
  return { maxBitrate, maxFramerate, scalabilityMode }
}

/** Voice comes first where both do not fit. */
export function voiceEncoding(): RTCRtpEncodingParameters {
  return { maxBitrate: VOICE_MAX_BITRATE, priority: 'high' }
}

/** Sends `track` from now on; a browser that knows no layers is not asked for any. */
export function addVideo(pc: RTCPeerConnection, track: MediaStreamTrack, stream: MediaStream, quality: VideoQuality): RTCRtpTransceiver {
  const add = (encoding: Encoding): RTCRtpTransceiver =>
    pc.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings: [encoding] })
  const encoding = videoEncoding(quality)
  try {
    return add(encoding)
  } catch {
    return add(plain(encoding))
  }
}

/** Applies `quality` to a sender that is already negotiated. False where the browser refuses; the call goes on as it is. */
export async function applyQuality(sender: RTCRtpSender, quality: VideoQuality): Promise<boolean> {
  if (sender.track && 'contentHint' in sender.track) sender.track.contentHint = quality.contentHint
  const parameters = sender.getParameters()
  if (!parameters.encodings?.length) return false // Firefox before its first negotiation
  for (const encoding of parameters.encodings) Object.assign(encoding, videoEncoding(quality))
  const set = (): Promise<void> =>
    sender.setParameters({ ...parameters, degradationPreference: quality.degradationPreference } as RTCRtpSendParameters)
  try {
    await set()
    return true
  } catch {
    return withoutLayers(parameters) && set().then(() => true, () => false)
  }
}

/** A codec that was agreed on may have no layers. False where none were asked for. */
function withoutLayers(parameters: RTCRtpSendParameters): boolean {
  const layered = parameters.encodings.filter((encoding: Encoding) => encoding.scalabilityMode !== undefined)
  for (const encoding of layered) delete (encoding as Encoding).scalabilityMode
  return layered.length > 0
}

function plain({ maxBitrate, maxFramerate }: Encoding): RTCRtpEncodingParameters {
  return { maxBitrate, maxFramerate }
}

/**
 * Offers retransmission of lost voice packets (RFC 4585 generic NACK), which browsers do not offer for Opus by themselves:
 * the record then holds the words that the network lost at first.
 */
export function withVoiceNack(sdp: string): string {
  return sdp.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r?\n/gim, (line, type: string) =>
    new RegExp(`^a=rtcp-fb:${type} nack\\r?$`, 'm').test(sdp) ? line : `${line}a=rtcp-fb:${type} nack\r\n`,
  )
}

/** Puts VP8 (with its retransmission codec) first where the browser lets us choose. */
export function preferVp8(transceiver: RTCRtpTransceiver, capabilities: RTCRtpCapabilities | null | undefined): void {
  if (!capabilities || typeof transceiver.setCodecPreferences !== 'function') return
  const isVp8 = (codec: RTCRtpCodec): boolean => codec.mimeType.toLowerCase() === 'video/vp8'
  const first = capabilities.codecs.filter(isVp8)
  if (first.length === 0) return
  transceiver.setCodecPreferences([...first, ...capabilities.codecs.filter((codec) => !isVp8(codec))])
}
