import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeSocket } from './fake_socket'
import type { TextStorage } from './outbox'
import { Signaling } from './signaling'

class MemoryStorage implements TextStorage {
  readonly items = new Map<string, string>()
  getItem = (name: string) => this.items.get(name) ?? null
  setItem = (name: string, value: string) => void this.items.set(name, value)
  removeItem = (name: string) => void this.items.delete(name)
}

const entry = (seq: number) => ({ seq, kind: 'chat', actor: { role: '', id: '', name: '', level: '' }, subject: null, at: '', device_at: null, payload: {} })

let socket: FakeSocket
let storage: MemoryStorage
let keys: number

function make(): Signaling {
  socket = new FakeSocket()
  const signaling = new Signaling({ role: 'applicant', csrf: () => 'c', openSocket: socket.factory, storage, newKey: () => `k${++keys}` })
  signaling.start({ session_id: 's1' })
  return signaling
}

beforeEach(() => {
  vi.useFakeTimers()
  storage = new MemoryStorage()
  keys = 0
})
afterEach(() => vi.useRealTimers())

describe('joining', () => {
  it('joins with the last entry it has seen, also after a reconnection', async () => {
    const signaling = make()
    await socket.join({ entries: [entry(3), entry(7)] })
    expect(socket.last('session:join').body).toEqual({ session_id: 's1', after_seq: 0 })
    socket.go()
    expect(signaling.state).toBe('reconnecting')
    socket.come()
    expect(socket.last('session:join').body).toEqual({ session_id: 's1', after_seq: 7 })
  })

  it('delivers entries once and in order, whether they come by the join or beside it', async () => {
    const signaling = make()
    const seen: number[] = []
    signaling.on('entry', (message) => seen.push(message.entry.seq))
    socket.come()
    socket.emit('entry', { entry: entry(5) })
    socket.emit('entry', { entry: entry(6) })
    await socket.last('session:join').answer({ ok: true, result: { entries: [entry(1), entry(5)], participants: [] } })
    socket.emit('entry', { entry: entry(6) })
    socket.emit('entry', { entry: entry(8) })
    expect(seen).toEqual([1, 5, 6, 8])
  })

  it('stays refused with the code when the server says no, and asks again on retry', async () => {
    const signaling = make()
    socket.come()
    await socket.last('session:join').answer({ ok: false, error: { code: 'session_not_open', message: '', retryable: false } })
    expect([signaling.state, signaling.problem?.code]).toEqual(['refused', 'session_not_open'])
    signaling.retry()
    expect(signaling.state).toBe('connecting')
  })

  it('joins again after a refusal that may pass', async () => {
    const signaling = make()
    socket.come()
    await socket.last('session:join').answer({ ok: false, error: { code: 'unavailable', message: '', retryable: true } })
    vi.advanceTimersByTime(1_000)
    expect(socket.of('session:join')).toHaveLength(2)
    await socket.last('session:join').answer({ ok: true, result: { entries: [], participants: [] } })
    expect(signaling.state).toBe('joined')
  })

  it('is refused when the server refuses the connection itself, and does not knock again', () => {
    const signaling = make()
    socket.active = false
    socket.emit('connect_error', Object.assign(new Error('no'), { data: { code: 'not_authenticated' } }))
    vi.advanceTimersByTime(60_000)
    expect([signaling.problem?.code, socket.connects]).toEqual(['not_authenticated', 1])
  })

  it('connects again by itself when the server has put it out', async () => {
    make()
    await socket.join()
    socket.go('io server disconnect')
    vi.advanceTimersByTime(1_000)
    expect(socket.connects).toBe(2)
  })
})

describe('acts', () => {
  it('repeats an unacknowledged act with the same key after a reconnection, and once only', async () => {
    const signaling = make()
    await socket.join()
    const result = signaling.act('chat:send', { text: '在吗' })
    expect(socket.last('chat:send').body).toEqual({ text: '在吗', key: 'k1' })
    socket.go()
    await socket.join()
    expect(socket.of('chat:send').map((ask) => ask.body.key)).toEqual(['k1', 'k1'])
    await socket.last('chat:send').answer({ ok: true, result: { seq: 9 } })
    await expect(result).resolves.toEqual({ ok: true, value: { seq: 9 } })
    expect(signaling.waiting).toEqual([])
    socket.go()
    await socket.join()
    expect(socket.of('chat:send')).toHaveLength(2)
  })

  it('sends what was said offline in order, after the join', async () => {
    const signaling = make()
    void signaling.act('chat:send', { text: '一' })
    void signaling.act('chat:send', { text: '二' })
    socket.come()
    expect(socket.of('chat:send')).toHaveLength(0)
    await socket.last('session:join').answer({ ok: true, result: { entries: [], participants: [] } })
    expect(socket.of('chat:send').map((ask) => ask.body.text)).toEqual(['一', '二'])
  })

  it('gives up the connection and repeats when an acknowledgement stays out', async () => {
    const signaling = make()
    await socket.join()
    void signaling.act('chat:send', { text: '一' })
    await socket.last('chat:send').fail()
    expect(socket.restarts).toBe(1)
    await socket.join()
    expect(socket.of('chat:send')).toHaveLength(2)
  })

  it('ends an act that the server refuses for good', async () => {
    const signaling = make()
    await socket.join()
    const result = signaling.act('chat:send', { text: '一' })
    await socket.last('chat:send').answer({ ok: false, error: { code: 'field_invalid', message: '', retryable: false, field: 'text' } })
    expect(await result).toMatchObject({ ok: false, problem: { code: 'field_invalid', field: 'text' } })
    expect(signaling.waiting).toEqual([])
  })

  it('asks a busy server again with the same key, five times in all', async () => {
    const signaling = make()
    await socket.join()
    const result = signaling.act('chat:send', { text: '一' })
    for (let turn = 0; turn < 5; turn += 1) {
      await socket.last('chat:send').answer({ ok: false, error: { code: 'storage_full', message: '', retryable: true } })
      vi.advanceTimersByTime(1_000)
    }
    expect(socket.of('chat:send').map((ask) => ask.body.key)).toEqual(['k1', 'k1', 'k1', 'k1', 'k1'])
    expect(await result).toMatchObject({ problem: { code: 'storage_full' } })
  })

  it('waits as long as the server asks it to', async () => {
    const signaling = make()
    await socket.join()
    void signaling.act('chat:send', { text: '一' })
    await socket.last('chat:send').answer({ ok: false, error: { code: 'too_many_events', message: '', retryable: true, retry_after_s: 3 } })
    vi.advanceTimersByTime(2_900)
    expect(socket.of('chat:send')).toHaveLength(1)
    vi.advanceTimersByTime(100)
    expect(socket.of('chat:send')).toHaveLength(2)
  })

  it('keeps typed text over a reload of the page and sends it with the same key', async () => {
    void make().act('chat:send', { text: '未发出' })
    const after = make()
    expect(after.waiting.map((act) => act.body.text)).toEqual(['未发出'])
    await socket.join()
    expect(socket.last('chat:send').body).toEqual({ text: '未发出', key: 'k1' })
    await socket.last('chat:send').answer({ ok: true, result: {} })
    expect(storage.items.size).toBe(0)
  })

  it('says so when an act from before the reload is refused', async () => {
    void make().act('chat:send', { text: '未发出' })
    const after = make()
    const unsent: string[] = []
    after.onUnsent((act, problem) => unsent.push(`${String(act.body.text)}: ${problem.code}`))
    await socket.join()
    await socket.last('chat:send').answer({ ok: false, error: { code: 'session_not_open' } })
    expect(unsent).toEqual(['未发出: session_not_open'])
  })

  it('drops the oldest measurement when full, and never words', async () => {
    const signaling = make()
    void signaling.act('chat:send', { text: '留着' })
    const first = signaling.act('fix:report', { latitude: 1 })
    for (let i = 0; i < 99; i += 1) void signaling.act('fix:report', { latitude: i })
    expect(signaling.waiting).toHaveLength(100)
    expect(signaling.waiting[0]?.event).toBe('chat:send')
    expect(await first).toMatchObject({ ok: false, problem: { code: 'queue_full' } })
  })

  it('refuses a call without a session instead of keeping it', async () => {
    const signaling = make()
    expect(await signaling.call('peer:publish', { sdp: '' })).toMatchObject({ ok: false, problem: { code: 'offline', retryable: true } })
  })
})

describe('coming back', () => {
  it('tries again at most 0.2 s after the first loss, and about every second for two minutes', async () => {
    make()
    await socket.join()
    socket.go()
    vi.advanceTimersByTime(200)
    expect(socket.connects).toBe(2)
    vi.advanceTimersByTime(5_000)
    for (let turn = 0; turn < 20; turn += 1) {
      const before = socket.connects
      vi.advanceTimersByTime(4_000) // each attempt hangs
      socket.miss()
      vi.advanceTimersByTime(1_000)
      expect(socket.connects).toBe(before + 1)
    }
  })

  it('asks by plain HTTP once attempts are refused at once, and connects when that is answered', async () => {
    make()
    socket.answersProbes = false
    for (let turn = 0; turn < 4; turn += 1) {
      socket.miss()
      await vi.advanceTimersByTimeAsync(1_000)
    }
    const attempts = socket.connects
    expect(attempts).toBe(4)
    await vi.advanceTimersByTimeAsync(60_000)
    expect([socket.connects, socket.probes > 50]).toEqual([attempts, true])
    socket.answersProbes = true
    await vi.advanceTimersByTimeAsync(1_000)
    expect(socket.connects).toBe(attempts + 1)
  })

  it('drops a socket that is quiet when media is silent, and no other', async () => {
    const signaling = make()
    await socket.join()
    socket.quietMs = 900
    signaling.doubt(1_200)
    expect([socket.restarts, signaling.state]).toEqual([0, 'joined'])
    socket.quietMs = 1_300
    signaling.doubt(1_200)
    expect([socket.restarts, signaling.state]).toEqual([1, 'reconnecting'])
  })

  it('ends an attempt that hangs when the network is heard again, not one that has just begun', async () => {
    const signaling = make()
    await socket.join()
    socket.go()
    vi.advanceTimersByTime(200)
    signaling.hurry()
    expect(socket.restarts).toBe(0)
    vi.advanceTimersByTime(1_500)
    signaling.hurry()
    expect(socket.restarts).toBe(1)
  })

  it('leaves a socket alone that works, and one that was refused', async () => {
    const signaling = make()
    await socket.join()
    signaling.hurry()
    socket.go()
    socket.come()
    await socket.last('session:join').answer({ ok: false, error: { code: 'session_not_open', message: '', retryable: false } })
    signaling.hurry()
    vi.advanceTimersByTime(60_000)
    expect([socket.restarts, socket.connects]).toEqual([0, 1])
  })
})

it('resolves what waits when it is closed, and stays closed', async () => {
  const signaling = make()
  const result = signaling.act('chat:send', { text: '一' })
  signaling.close()
  signaling.close()
  expect(await result).toMatchObject({ ok: false })
  socket.come()
  expect(signaling.state).toBe('closed')
})
