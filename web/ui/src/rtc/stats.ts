/** Reading RTCPeerConnection statistics. */

export interface VideoFigures {
  atMs: number
  bytes: number
  frames: number
  width: number
  height: number
  packetsLost: number
  /** Seconds; null until the browser has measured it. */
  roundTripS: number | null
}

export interface Rates {
  fps: number
  bitsPerSecond: number
}

type AnyStats = Record<string, unknown> & { type: string }

function reports(stats: RTCStatsReport): AnyStats[] {
  const all: AnyStats[] = []
  stats.forEach((report: AnyStats) => all.push(report))
  return all
}

const num = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Figures of the video that this connection sends (`outbound-rtp`) or receives (`inbound-rtp`); null without any. */
export async function readVideo(pc: RTCPeerConnection, type: 'inbound-rtp' | 'outbound-rtp'): Promise<VideoFigures | null> {
  const all = reports(await pc.getStats())
  const rtp = all.find((report) => report.type === type && report.kind === 'video')
  if (!rtp) return null
  const pair = all.find((report) => report.type === 'candidate-pair' && report.nominated === true)
  const sent = type === 'outbound-rtp'
  return {
    atMs: num(rtp.timestamp),
    bytes: num(sent ? rtp.bytesSent : rtp.bytesReceived),
    frames: num(sent ? rtp.framesEncoded : rtp.framesDecoded),
    width: num(rtp.frameWidth),
    height: num(rtp.frameHeight),
    packetsLost: num(rtp.packetsLost),
    roundTripS: typeof pair?.currentRoundTripTime === 'number' ? pair.currentRoundTripTime : null,
  }
}

/** What the browser believes its uplink to carry, in bits a second; null where it does not say. */
export async function readUplink(pc: RTCPeerConnection): Promise<number | null> {
  const pairs = reports(await pc.getStats()).filter((report) => report.type === 'candidate-pair' && report.nominated === true)
  const known = pairs.map((pair) => pair.availableOutgoingBitrate).filter((value) => typeof value === 'number')
  return known.length > 0 ? Math.max(...known) : null
}

/** Rates between two readings; zero when no time has passed. */
export function ratesBetween(before: VideoFigures, after: VideoFigures): Rates {
  const seconds = (after.atMs - before.atMs) / 1000
  if (seconds <= 0) return { fps: 0, bitsPerSecond: 0 }
  return { fps: (after.frames - before.frames) / seconds, bitsPerSecond: ((after.bytes - before.bytes) * 8) / seconds }
}

/**
 * How much has come from the other end: media, feedback and answers to ICE's checks. Over all candidate pairs, since the
 * browser may have moved to another one.
 */
export async function received(pc: RTCPeerConnection): Promise<number> {
  const all = reports(await pc.getStats())
  const pairs = all.filter((report) => report.type === 'candidate-pair')
  return pairs.reduce((sum, pair) => sum + num(pair.bytesReceived) + num(pair.responsesReceived), 0)
}
