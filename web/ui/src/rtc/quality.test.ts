import { expect, it } from 'vitest'
import { FakePeer, FakeSender, FakeTrack } from './fakes'
import { addVideo, applyQuality, DETAIL, PLAIN, withVoiceNack } from './quality'

const offer = 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=rtpmap:63 red/48000/2\r\n'

it('offers retransmission for the voice, and for nothing else', () => {
  expect(withVoiceNack(offer)).toContain('a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\na=rtcp-fb:111 transport-cc')
  expect(withVoiceNack(offer).match(/nack/g)).toHaveLength(1)
})

it('says it once', () => {
  expect(withVoiceNack(withVoiceNack(offer))).toBe(withVoiceNack(offer))
})

const video = () => new FakeTrack('video') as unknown as MediaStreamTrack
const nothing = undefined as unknown as MediaStream

it('asks for three temporal layers in detail, and takes them back where the rate has no room for them', async () => {
  const peer = new FakePeer({})
  addVideo(peer as unknown as RTCPeerConnection, video(), nothing, DETAIL)
  const sender = peer.senders[0]!
  expect(sender.parameters.encodings[0]).toMatchObject({ maxBitrate: 2_500_000, scalabilityMode: 'L1T3' })
  await applyQuality(sender as unknown as RTCRtpSender, PLAIN)
  expect(sender.parameters.encodings[0]).toMatchObject({ maxBitrate: 600_000, scalabilityMode: 'L1T1' })
})

it('does without layers where the browser knows none', () => {
  const peer = new FakePeer({})
  const add = peer.addTransceiver.bind(peer)
  peer.addTransceiver = (track, init) => {
    if (init.sendEncodings?.some((encoding) => 'scalabilityMode' in encoding)) throw new DOMException('no', 'OperationError')
    return add(track, init)
  }
  addVideo(peer as unknown as RTCPeerConnection, video(), nothing, PLAIN)
  expect(peer.senders).toHaveLength(1)
  expect(peer.senders[0]?.parameters.encodings[0]).toEqual({ maxBitrate: 600_000, maxFramerate: 15 })
})

it('keeps the quality when the agreed codec has no layers', async () => {
  const sender = new FakeSender(new FakeTrack('video'), [{ scalabilityMode: 'L1T3' } as RTCRtpEncodingParameters])
  const set = sender.setParameters.bind(sender)
  sender.setParameters = (parameters) =>
    'scalabilityMode' in parameters.encodings[0]! ? Promise.reject(new DOMException('no', 'InvalidModificationError')) : set(parameters)
  expect(await applyQuality(sender as unknown as RTCRtpSender, DETAIL)).toBe(true)
  expect(sender.parameters.encodings[0]).toEqual({ maxBitrate: 2_500_000, maxFramerate: 30 })
})
