import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keepBack, Patience, PatientViewing } from './patience'

const reading = (packets: number, holes: number, freezes = 0) => ({ packets, holes, freezes })

it('adds nothing while packets come in order, nor for a single hole', () => {
  const patience = new Patience()
  for (let second = 0; second < 30; second++) expect(patience.next(reading(second * 80, second % 2))).toBe(0)
})

it('keeps packets back as soon as holes are common, and more after each freeze, within bounds', () => {
  const patience = new Patience()
  patience.next(reading(0, 0))
  expect(patience.next(reading(80, 4))).toBe(200)
  expect(patience.next(reading(160, 8))).toBe(200)
  expect(patience.next(reading(240, 12, 1))).toBe(275)
  for (let more = 2; more < 12; more++) patience.next(reading(240 + more * 80, 12 + more * 4, more))
  expect(patience.targetMs).toBe(500)
})

it('takes it back after twenty clean readings, not before', () => {
  const patience = new Patience()
  patience.next(reading(0, 0))
  patience.next(reading(80, 4))
  for (let second = 0; second < 19; second++) expect(patience.next(reading(160 + second * 80, 4))).toBe(200)
  expect(patience.next(reading(3_000, 4))).toBe(0)
})

it('uses what the browser has for it', () => {
  const now = { jitterBufferTarget: null } as unknown as RTCRtpReceiver
  const older = { playoutDelayHint: null } as unknown as RTCRtpReceiver
  expect([keepBack(now, 200), keepBack(older, 200), keepBack({} as RTCRtpReceiver, 200)]).toEqual([true, true, false])
  expect([now, older]).toEqual([{ jitterBufferTarget: 200 }, { playoutDelayHint: 0.2 }])
})

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('follows the picture of a connection until it is stopped', async () => {
  let seconds = 0
  const receiver = {
    track: { kind: 'video' },
    jitterBufferTarget: null,
    getStats: () => {
      seconds += 1
      return Promise.resolve(new Map([['a', { type: 'inbound-rtp', packetsReceived: seconds * 80, nackCount: seconds * 4, freezeCount: 0 }]]))
    },
  }
  const viewing = new PatientViewing()
  viewing.follow({ getReceivers: () => [receiver] } as unknown as RTCPeerConnection)
  await vi.advanceTimersByTimeAsync(3_000)
  expect(receiver.jitterBufferTarget).toBe(200)
  viewing.stop()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(seconds).toBe(3)
})
