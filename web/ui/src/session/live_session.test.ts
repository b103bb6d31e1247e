import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeSocket } from '@/protocol/fake_socket'
import { FakePeers, FakeStream, FakeTrack } from '@/rtc/fakes'
import { LiveSession } from './live_session'
import type { NetworkListener } from './page_network'

let socket: FakeSocket
let peers: FakePeers
let network: NetworkListener
let session: LiveSession

const turns = () => vi.advanceTimersByTimeAsync(0)
const stream = new FakeStream([new FakeTrack('video'), new FakeTrack('audio')]) as unknown as MediaStream
const entry = (seq: number, kind: string, payload: Record<string, unknown>) => ({
  seq,
  kind,
  actor: { role: 'inspector', id: 'i', name: '王工', level: '' },
  subject: null,
  at: '2026-01-01T08:00:00.000Z',
  device_at: null,
  payload: { session_id: 's1', ...payload },
})

async function answer(event: string, result: Record<string, unknown>): Promise<void> {
  await socket.last(event).answer({ ok: true, result })
  await turns()
}

/** Joined, with both connections up. */
async function inCall(): Promise<void> {
  session.start()
  session.publish(stream)
  await socket.join()
  await turns()
  await answer('peer:subscribe', { peer_id: 'down1', sdp: 'offer' })
  await answer('peer:answer', {})
  await answer('peer:publish', { peer_id: 'up1', sdp: 'answer' })
  for (const peer of peers.made) peer.become('connected')
}

beforeEach(() => {
  vi.useFakeTimers()
  socket = new FakeSocket()
  peers = new FakePeers()
  session = new LiveSession({
    role: 'applicant',
    sessionId: 's1',
    csrf: () => 'c',
    signaling: { openSocket: socket.factory, storage: null },
    publisher: { createPeer: peers.create, videoCapabilities: () => null },
    viewer: { createPeer: peers.create },
    network: (listener) => {
      network = listener
      return () => undefined
    },
  })
})
afterEach(() => {
  session.close()
  vi.useRealTimers()
})

describe('LiveSession', () => {
  it('sends and receives as soon as it has joined', async () => {
    await inCall()
    expect([session.link, session.up, session.down]).toEqual(['joined', 'connected', 'connected'])
  })

  it('draws once for all entries of a join', async () => {
    const seen: number[] = []
    session.onChange(() => seen.push(session.session?.chat.length ?? 0))
    session.start()
    await socket.join({ entries: [entry(1, 'chat', { text: '一' }), entry(2, 'chat', { text: '二' })] })
    expect(seen).not.toContain(1)
    expect(session.session?.chat.map((line) => line.text)).toEqual(['一', '二'])
  })

  it('makes only the connections anew that the server has lost, after a rejoin', async () => {
    await inCall()
    socket.go()
    await socket.join({ peer_ids: ['down1'] })
    await turns()
    expect(socket.of('peer:publish')).toHaveLength(2)
    expect(socket.of('peer:subscribe')).toHaveLength(1)
  })

  it('makes a new connection when the server closes one', async () => {
    await inCall()
    socket.emit('peer:closed', { peer_id: 'up1', cause: 'silent' })
    await turns()
    expect([socket.of('peer:publish').length, session.up]).toEqual([2, 'reconnecting'])
  })

  it('shows what its own line carries of the picture, and everything again over a new connection', async () => {
    await inCall()
    await turns()
    socket.emit('view:served', { peer_id: 'somebody', service: 'small' })
    expect(session.view).toBe('full')
    socket.emit('view:served', { peer_id: 'down1', service: 'small' })
    expect(session.view).toBe('small')
    socket.emit('peer:closed', { peer_id: 'down1', cause: 'silent' })
    await turns()
    await answer('peer:subscribe', { peer_id: 'down2', sdp: 'offer' })
    await answer('peer:answer', {})
    peers.last.become('connected')
    await turns()
    expect(session.view).toBe('full')
  })

  it('goes to detail when the server asks', async () => {
    await inCall()
    socket.emit('detail:set', { on: true })
    expect(session.detail).toBe(true)
    await turns()
    const up = peers.made.find((peer) => peer.senders.length > 0)
    expect(up?.senders[0]?.parameters.encodings[0]?.maxFramerate).toBe(30)
  })

  it('is in detail again after a reload while the inspector still wants it', async () => {
    session.start()
    await socket.join({ entries: [entry(4, 'guidance', { what: 'detail_on' })], last_seq: 4 })
    expect([session.detail, session.sinceSeq]).toEqual([true, 4])
  })

  it('dials both ways anew over a new socket when the network changes, and keeps sending until then', async () => {
    await inCall()
    network.moved()
    await socket.join({ peer_ids: ['down1', 'up1'] })
    await turns()
    expect([socket.restarts, socket.of('peer:publish').length, socket.of('peer:subscribe').length]).toEqual([1, 2, 2])
    expect([session.up, session.down, peers.made.some((peer) => peer.closed)]).toEqual(['connected', 'connected', false])
  })

  it('notices within two seconds that nothing comes, and dials over a new socket without giving up the old way', async () => {
    await inCall()
    for (const peer of peers.made) peer.isSilent = true
    socket.quietMs = 1_500
    await vi.advanceTimersByTimeAsync(2_000)
    expect([session.up, session.down, session.link]).toEqual(['reconnecting', 'reconnecting', 'reconnecting'])
    await socket.join({ peer_ids: ['down1', 'up1'] })
    await turns()
    expect([socket.of('peer:publish').length, socket.of('peer:subscribe').length]).toEqual([2, 2])
    expect(peers.made.filter((peer) => peer.closed)).toEqual([])
  })

  it('goes on as it was when the old way is heard again, and hurries the socket', async () => {
    await inCall()
    for (const peer of peers.made) peer.isSilent = true
    socket.quietMs = 1_500
    await vi.advanceTimersByTimeAsync(5_000)
    const before = socket.restarts
    for (const peer of peers.made) peer.isSilent = false
    await vi.advanceTimersByTimeAsync(400)
    expect([session.up, session.down, socket.restarts]).toEqual(['connected', 'connected', before + 1])
    await socket.join({ peer_ids: ['down1', 'up1'] })
    await vi.advanceTimersByTimeAsync(10_000)
    expect([socket.of('peer:publish').length, peers.made.length]).toEqual([1, 2])
  })

  it('looks after the socket at once when the page comes to the foreground', async () => {
    await inCall()
    socket.quietMs = 30_000
    network.woke()
    expect([socket.restarts, session.link]).toEqual([1, 'reconnecting'])
    await socket.join({ peer_ids: ['down1', 'up1'] })
    await turns()
    expect(socket.of('peer:publish')).toHaveLength(1)
  })

  it('believes the log about recording, not a message that comes late', async () => {
    await inCall()
    socket.emit('entry', { entry: entry(9, 'recording', { on: true }) })
    socket.emit('session:state', { state: 'live', recording: false })
    expect(session.recording).toBe(true)
    socket.emit('entry', { entry: entry(10, 'recording', { on: false, cause: 'paused' }) })
    expect(session.recording).toBe(false)
  })

  it('has ended when the server says so, and says nothing more to the relay', async () => {
    await inCall()
    socket.emit('session:state', { state: 'ended', recording: false })
    expect([session.ended, session.recording]).toEqual([true, false])
    socket.go()
    await socket.join()
    await turns()
    expect(socket.of('peer:publish')).toHaveLength(1)
  })

  it('tells the server when it leaves, then is gone', async () => {
    await inCall()
    const left = session.leave()
    await answer('session:leave', {})
    await left
    expect([session.link, peers.made.every((peer) => peer.closed)]).toEqual(['closed', true])
  })
})
