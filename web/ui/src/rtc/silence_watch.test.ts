import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SilenceWatch } from './silence_watch'

let total: number
let flowing: boolean
let watch: SilenceWatch
let verdicts: boolean[]

const pc = {} as RTCPeerConnection

beforeEach(() => {
  vi.useFakeTimers()
  total = 0
  flowing = true
  verdicts = []
  watch = new SilenceWatch({
    read: () => Promise.resolve(flowing ? ++total : total),
    now: () => Date.now(),
    onQuiet: (_, isSilent) => verdicts.push(isSilent),
  })
  watch.follow(pc)
})
afterEach(() => {
  watch.stop()
  vi.useRealTimers()
})

it('says nothing bad of a connection over which something comes at least once a second', async () => {
  for (let turn = 0; turn < 20; turn += 1) {
    flowing = turn % 2 === 0
    await vi.advanceTimersByTimeAsync(400)
  }
  expect(verdicts).not.toContain(true)
})

it('notices silence within two seconds, and its end at the next look', async () => {
  await vi.advanceTimersByTimeAsync(2_000)
  flowing = false
  await vi.advanceTimersByTimeAsync(1_100)
  expect(verdicts).not.toContain(true)
  await vi.advanceTimersByTimeAsync(900)
  expect(verdicts.at(-1)).toBe(true)
  flowing = true
  await vi.advanceTimersByTimeAsync(400)
  expect(verdicts.at(-1)).toBe(false)
})

it('does not take the sleep of the page for silence', async () => {
  flowing = false
  await vi.advanceTimersByTimeAsync(400)
  vi.setSystemTime(Date.now() + 60_000)
  await vi.advanceTimersByTimeAsync(400)
  expect(verdicts.at(-1)).toBe(false)
  await vi.advanceTimersByTimeAsync(1_600)
  expect(verdicts.at(-1)).toBe(true)
})

it('takes statistics that cannot be read for silence', async () => {
  const broken = new SilenceWatch({ read: () => Promise.reject(new Error('closed')), now: () => Date.now(), onQuiet: (_, isSilent) => verdicts.push(isSilent) })
  watch.stop()
  broken.follow(pc)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(verdicts.at(-1)).toBe(true)
  broken.stop()
})
