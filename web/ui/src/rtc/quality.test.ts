import { expect, it } from 'vitest'
import { withVoiceNack } from './quality'

const offer = 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=rtpmap:63 red/48000/2\r\n'

it('offers retransmission for the voice, and for nothing else', () => {
  expect(withVoiceNack(offer)).toContain('a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\na=rtcp-fb:111 transport-cc')
  expect(withVoiceNack(offer).match(/nack/g)).toHaveLength(1)
})

it('says it once', () => {
  expect(withVoiceNack(withVoiceNack(offer))).toBe(withVoiceNack(offer))
})
