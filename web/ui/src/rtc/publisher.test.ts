import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fail, succeed, type Result } from '../protocol/problem'
import { FakePeers, FakeStream, FakeTrack } from './fakes'
import { Publisher, type PublisherOptions } from './publisher'
import type { MediaState } from './redialer'

let peers: FakePeers
let states: MediaState[]
let closed: string[]
let refusals: number
let refusal: Result<never>
let published: number

const capabilities = { codecs: ['video/H264', 'video/VP8', 'video/rtx'].map((mimeType) => ({ mimeType, clockRate: 90_000 })), headerExtensions: [] }
const stream = (...kinds: ('audio' | 'video')[]) => new FakeStream(kinds.map((kind) => new FakeTrack(kind))) as unknown as MediaStream

function make(onState: PublisherOptions['onState'] = (state) => states.push(state), onUplink?: (weak: boolean) => void): Publisher {
  return new Publisher({
    signal: {
      publish: () => {
        published += 1
        if (refusals > 0) {
          refusals -= 1
          return Promise.resolve(refusal)
        }
        return Promise.resolve(succeed({ peer_id: `up${peers.made.length}`, sdp: 'answer' }))
      },
      close: (id) => void closed.push(id),
    },
    createPeer: peers.create,
    videoCapabilities: () => capabilities,
    onState,
    onUplink,
  })
}

const turns = () => vi.advanceTimersByTimeAsync(0)

async function connected(publisher = make(), sent = stream('video', 'audio')): Promise<Publisher> {
  publisher.start(sent, [])
  await turns()
  peers.last.become('connected')
  await turns()
  return publisher
}

beforeEach(() => {
  vi.useFakeTimers()
  peers = new FakePeers()
  states = []
  closed = []
  refusals = 0
  refusal = fail('relay_unavailable', '', true)
  published = 0
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('Publisher', () => {
  it('offers one direction, VP8 first, at most 600 kb/s and 15 frames a second', async () => {
    await connected()
    expect(peers.last.configuration.iceServers).toEqual([])
    expect(peers.last.directions).toEqual(['sendonly', 'sendonly'])
    expect(peers.last.codecs[0]).toBe('video/VP8')
    expect(peers.last.senders[0]?.parameters.encodings[0]).toMatchObject({ maxBitrate: 600_000, maxFramerate: 15 })
    expect(states).toEqual(['connecting', 'connected'])
  })

  it('raises the picture for detail and lowers it again', async () => {
    const publisher = await connected()
    await publisher.setDetail(true)
    const sender = peers.last.senders[0]!
    expect(sender.parameters.encodings[0]?.maxBitrate).toBeGreaterThanOrEqual(1_500_000)
    expect(sender.parameters.encodings[0]?.maxFramerate).toBe(30)
    await publisher.setDetail(false)
    expect(sender.parameters.encodings[0]?.maxBitrate).toBe(600_000)
  })

  it('keeps detail when the connection is made anew', async () => {
    const publisher = await connected()
    await publisher.setDetail(true)
    peers.last.become('failed')
    await turns()
    expect(peers.last.senders[0]?.parameters.encodings[0]?.maxFramerate).toBe(30)
  })

  it('sends a few sharp frames a second over a weak uplink, whatever was asked for, and more when it is better', async () => {
    const weak: boolean[] = []
    const publisher = await connected(make(undefined, (changed) => weak.push(changed)))
    const encoding = () => peers.last.senders[0]!.parameters.encodings[0]
    peers.last.uplink = 280_000
    await vi.advanceTimersByTimeAsync(10_000)
    expect([publisher.weakUplink, encoding()?.maxFramerate, peers.last.senders[0]?.track?.contentHint]).toEqual([true, 4, 'detail'])
    await publisher.setDetail(true)
    expect(encoding()?.maxFramerate).toBe(4)
    peers.last.uplink = 200_000
    await vi.advanceTimersByTimeAsync(1_000)
    expect(encoding()?.maxFramerate).toBe(2)
    peers.last.uplink = 2_000_000
    await vi.advanceTimersByTimeAsync(12_000)
    expect([weak, encoding()?.maxFramerate]).toEqual([[true, false], 30])
    publisher.stop()
    peers.last.uplink = 100_000
    await vi.advanceTimersByTimeAsync(20_000)
    expect(weak).toHaveLength(2)
  })

  it('sends the other camera without a new negotiation', async () => {
    const publisher = await connected()
    const other = new FakeStream([new FakeTrack('video', 'front'), new FakeTrack('audio')])
    await publisher.setStream(other as unknown as MediaStream)
    expect(peers.made).toHaveLength(1)
    expect(peers.last.senders[0]?.track?.id).toBe('front')
  })

  it('negotiates anew when a microphone is added', async () => {
    const publisher = await connected(make(), stream('video'))
    await publisher.setStream(stream('video', 'audio'))
    await turns()
    expect(peers.made).toHaveLength(2)
    expect(peers.last.senders).toHaveLength(2)
  })

  it('dials anew at once when the connection has failed', async () => {
    await connected()
    peers.made[0]!.become('failed')
    await turns()
    expect(peers.made).toHaveLength(2)
    peers.last.become('connected')
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected'])
  })

  it('dials beside a connection that ICE has lost sight of, and drops the new one when the old one heals', async () => {
    await connected()
    peers.last.become('disconnected')
    await turns()
    expect([peers.made.length, peers.made[0]?.closed, states.at(-1)]).toEqual([2, false, 'reconnecting'])
    peers.made[0]!.become('connected')
    await vi.advanceTimersByTimeAsync(10_000)
    expect([peers.made.length, peers.made[1]?.closed, states.at(-1)]).toEqual([2, true, 'connected'])
    expect(closed).toEqual(['up2'])
  })

  it('dials beside a connection over which nothing comes, and swaps when the new one works', async () => {
    await connected()
    peers.last.isSilent = true
    await vi.advanceTimersByTimeAsync(2_000)
    expect([peers.made.length, peers.made[0]?.closed, states.at(-1)]).toEqual([2, false, 'reconnecting'])
    peers.last.become('connected')
    expect([peers.made[0]?.closed, states.at(-1)]).toEqual([true, 'connected'])
    await vi.advanceTimersByTimeAsync(20_000)
    expect([peers.made.length, closed]).toEqual([2, ['up1']])
  })

  it('waits longer after each refusal, up to one second', async () => {
    refusals = 6
    vi.spyOn(Math, 'random').mockReturnValue(1) // the longest of each pause
    make().start(stream('video'), [])
    await turns()
    const tries: number[] = []
    for (const pause of [200, 400, 800, 1_000, 1_000, 1_000]) {
      await vi.advanceTimersByTimeAsync(pause - 1)
      tries.push(published)
      await vi.advanceTimersByTimeAsync(1)
    }
    expect([...tries, published]).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('asks a server that refuses for good every ten seconds, and at once after a rejoin', async () => {
    refusals = 3
    refusal = fail('peer_flooding')
    const publisher = make()
    publisher.start(stream('video'), [])
    await vi.advanceTimersByTimeAsync(9_900)
    expect(published).toBe(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(published).toBe(2)
    publisher.rejoined([], [])
    await turns()
    expect(published).toBe(3)
  })

  it('makes the new connection before it breaks the old one when the network changes', async () => {
    const publisher = await connected()
    publisher.networkChanged()
    await turns()
    peers.last.become('connected')
    expect([peers.made.length, peers.made[0]?.closed]).toEqual([2, false])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(peers.made[0]?.closed).toBe(true)
    expect(closed).toEqual(['up1'])
    expect(states).not.toContain('reconnecting')
  })

  it('begins anew with a connection that was begun before the network changed', async () => {
    const publisher = await connected()
    publisher.networkChanged()
    await turns()
    publisher.networkChanged()
    await turns()
    expect(peers.made.map((peer) => peer.closed)).toEqual([false, true, false])
    peers.last.become('connected')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(peers.made.map((peer) => peer.closed)).toEqual([true, true, false])
  })

  it('dials anew when the server says that the peer is closed, and only for its own', async () => {
    const publisher = await connected()
    publisher.peerClosed('somebody')
    await turns()
    expect(peers.made).toHaveLength(1)
    publisher.peerClosed('up1')
    await turns()
    expect(peers.made).toHaveLength(2)
  })

  it('keeps its connection after a rejoin when the relay still has it', async () => {
    const publisher = await connected()
    publisher.rejoined(['up1'], [])
    await turns()
    expect(peers.made).toHaveLength(1)
    publisher.rejoined([], [])
    await turns()
    expect(peers.made).toHaveLength(2)
  })

  it('gives up a connection that is not there after eight seconds', async () => {
    make().start(stream('video'), [])
    await turns()
    await vi.advanceTimersByTimeAsync(8_300)
    expect([peers.made.length, peers.made[0]?.closed]).toEqual([2, true])
  })

  it('says that the way is blocked when a second connection has not come about', async () => {
    const codes: (string | undefined)[] = []
    const publisher = make((_, problem) => codes.push(problem?.code))
    publisher.start(stream('video'), [])
    await vi.advanceTimersByTimeAsync(9_000)
    expect(codes).not.toContain('media_blocked')
    await vi.advanceTimersByTimeAsync(9_000)
    expect(codes.at(-1)).toBe('media_blocked')
  })

  it('closes everything once and tells the server', async () => {
    const publisher = await connected()
    publisher.stop()
    publisher.stop()
    expect([peers.last.closed, states.at(-1)]).toEqual([true, 'stopped'])
    expect(closed).toEqual(['up1'])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(peers.made).toHaveLength(1)
  })

  it('does not leave a connection behind when it is stopped while dialing', async () => {
    const publisher = make()
    publisher.start(stream('video'), [])
    publisher.stop()
    await turns()
    expect(peers.last.closed).toBe(true)
  })
})
