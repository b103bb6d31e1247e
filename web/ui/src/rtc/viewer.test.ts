import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { succeed } from '../protocol/problem'
import { FakePeers, FakeStream, FakeTrack } from './fakes'
import { Viewer, type Streams } from './viewer'

let peers: FakePeers
let shown: Streams[]
let answers: string[]

function make(): Viewer {
  return new Viewer({
    signal: {
      subscribe: () => Promise.resolve(succeed({ peer_id: `down${peers.made.length + 1}`, sdp: 'offer' })),
      answer: (id, sdp) => {
        answers.push(`${id} ${sdp}`)
        return Promise.resolve(succeed({}))
      },
      close: () => undefined,
    },
    createPeer: peers.create,
    onStreams: (streams) => shown.push(streams),
  })
}

function arrive(kind: 'audio' | 'video', streamId: string): void {
  const stream = new FakeStream([], streamId)
  const track = new FakeTrack(kind)
  peers.last.received.push(track)
  peers.last.dispatchEvent(Object.assign(new Event('track'), { track, streams: [stream] }))
}

beforeEach(() => {
  vi.useFakeTimers()
  peers = new FakePeers()
  shown = []
  answers = []
})
afterEach(() => vi.useRealTimers())

it("answers the server's offer and tells streams apart by name once it is connected", async () => {
  make().start([])
  await vi.advanceTimersByTimeAsync(0)
  expect(answers).toEqual(['down1 answer'])
  arrive('video', 'applicant')
  arrive('audio', 'applicant')
  arrive('audio', 'voice-1')
  expect(shown).toEqual([])
  peers.last.become('connected')
  expect(Object.keys(shown[0] ?? {})).toEqual(['applicant', 'voice-1'])
  expect(shown[0]?.applicant?.getTracks().map((track) => track.kind)).toEqual(['video', 'audio'])
})

it('shows the streams of the new connection after the old one was lost', async () => {
  make().start([])
  await vi.advanceTimersByTimeAsync(0)
  peers.last.become('connected')
  peers.last.become('failed')
  await vi.advanceTimersByTimeAsync(0)
  arrive('video', 'applicant')
  peers.last.become('connected')
  expect(shown.map((streams) => Object.keys(streams))).toEqual([[], ['applicant']])
})

it('keeps the old picture on the screen until the new connection has one', async () => {
  const viewer = make()
  viewer.start([])
  await vi.advanceTimersByTimeAsync(0)
  arrive('video', 'applicant')
  peers.last.become('connected')
  viewer.networkChanged()
  await vi.advanceTimersByTimeAsync(0)
  arrive('video', 'applicant')
  peers.last.become('connected')
  expect(shown).toHaveLength(1)
  peers.last.received[0]!.dispatchEvent(new Event('unmute'))
  expect(shown).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(shown).toHaveLength(2)
})

it('shows the new connection after a second at the latest: the sender may be silent', async () => {
  const viewer = make()
  viewer.start([])
  await vi.advanceTimersByTimeAsync(0)
  peers.last.become('connected')
  viewer.networkChanged()
  await vi.advanceTimersByTimeAsync(0)
  arrive('video', 'applicant')
  peers.last.become('connected')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(shown).toHaveLength(2)
})
