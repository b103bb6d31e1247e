import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { succeed, fail } from '../../protocol/problem'
import { browserName, PageSigning, wayOfBrowser, type EnrolSignal } from './page_signing'
import type { FromWorker, ToWorker } from './worker_messages'

/** A worker that answers at once, unless told not to. */
class FakeWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null
  onerror: (() => void) | null = null
  heard: ToWorker[] = []
  ended = false

  postMessage(message: ToWorker): void {
    this.heard.push(message)
    if (message.kind === 'prove') this.say({ kind: 'proof', id: message.id, signature: new Uint8Array(64) })
  }

  say(data: FromWorker): void {
    this.onmessage?.({ data })
  }

  comeUp(): void {
    this.say({ kind: 'key', publicKey: new Uint8Array(65).fill(4) })
  }

  terminate(): void {
    this.ended = true
  }
}

class FakeSender {
  transform: { worker: unknown; options: unknown } | null = null
  constructor(readonly track: { kind: string }) {}
}

class FakeTransform {
  constructor(readonly worker: unknown, readonly options: unknown) {}
}

let worker: FakeWorker
let signal: EnrolSignal & { enrolled: object[] }
const me = { sessionId: 's', participantId: 'p' }

beforeEach(() => {
  worker = new FakeWorker()
  const enrolled: object[] = []
  signal = {
    enrolled,
    nonce: () => Promise.resolve(succeed({ nonce: 'ab' })),
    enrol: (body) => (enrolled.push(body), Promise.resolve(succeed({ seq: 1 }))),
  }
  vi.stubGlobal('RTCRtpSender', FakeSender)
  Object.defineProperty(FakeSender.prototype, 'transform', { value: null, writable: true, configurable: true })
  vi.stubGlobal('RTCRtpScriptTransform', FakeTransform)
  vi.stubGlobal('Worker', FakeWorker)
})
afterEach(() => vi.unstubAllGlobals())

function make(onLost = (): void => undefined): PageSigning {
  return new PageSigning({ signal, loadWorker: () => worker as unknown as Worker, browser: 'Chrome 141', onLost })
}

const peer = (...kinds: string[]) => {
  const senders = kinds.map((kind) => new FakeSender({ kind }))
  return { senders, pc: { getSenders: () => senders } as unknown as RTCPeerConnection }
}

describe('PageSigning', () => {
  it('puts the worker behind the picture, not the voice, and numbers its senders', async () => {
    const signing = make()
    worker.comeUp()
    await signing.ready()
    const [first, second] = [peer('video', 'audio'), peer('video')]
    signing.attach(first.pc)
    signing.attach(second.pc)
    expect(first.senders.map((sender) => sender.transform?.options)).toEqual([{ stream: 1 }, undefined])
    expect(second.senders[0]?.transform?.options).toEqual({ stream: 2 })
  })

  it('begins to sign only when its key is on record', async () => {
    const signing = make()
    worker.comeUp()
    await signing.enrol(me)
    expect(signal.enrolled).toEqual([expect.objectContaining({ algorithm: 'ES256', nonce: 'ab', browser: 'Chrome 141' })])
    expect(worker.heard.map((message) => message.kind)).toEqual(['prove', 'begin'])
    expect(signing.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    const proved = worker.heard[0] as Extract<ToWorker, { kind: 'prove' }>
    expect(new TextDecoder().decode(proved.message)).toBe('yuntakan-page-key-v1\ns\np\nab\nChrome 141')
  })

  it('does not sign where the server refuses, and tries again', async () => {
    const signing = make()
    worker.comeUp()
    signal.enrol = () => Promise.resolve(fail('nonce_unknown'))
    await signing.enrol(me)
    expect([signing.fingerprint, worker.heard.at(-1)?.kind]).toEqual([null, 'prove'])
    signal.enrol = () => Promise.resolve(succeed({ seq: 1 }))
    await signing.enrol(me)
    await signing.enrol(me)
    expect(worker.heard.filter((message) => message.kind === 'begin')).toHaveLength(1)
  })

  it('tries again after an exchange that threw', async () => {
    const signing = make()
    worker.comeUp()
    const { nonce } = signal
    signal.nonce = () => Promise.reject(new Error('the socket is gone'))
    await expect(signing.enrol(me)).rejects.toThrow('the socket is gone')
    signal.nonce = nonce
    await signing.enrol(me)
    expect(worker.heard.map((message) => message.kind)).toEqual(['prove', 'begin'])
  })

  it('leaves a connection as it is where the worker does not come up in time', async () => {
    vi.useFakeTimers()
    const signing = make()
    const waited = signing.ready()
    await vi.advanceTimersByTimeAsync(1_500)
    await waited
    const { pc, senders } = peer('video')
    signing.attach(pc)
    expect(senders[0]?.transform).toBeNull()
    vi.useRealTimers()
  })

  it('says so when a worker is lost that pictures go through', async () => {
    const lost = vi.fn()
    const signing = make(lost)
    worker.comeUp()
    await signing.enrol(me)
    signing.attach(peer('video').pc)
    worker.onerror?.()
    expect([lost.mock.calls.length, worker.ended, signing.fingerprint]).toEqual([1, true, null])
    const { pc, senders } = peer('video')
    signing.attach(pc)
    expect(senders[0]?.transform).toBeNull()
  })

  it('asks older browsers for encoded streams of every sender, and passes the voice on', async () => {
    vi.stubGlobal('RTCRtpScriptTransform', undefined)
    delete (globalThis as { RTCRtpScriptTransform?: unknown }).RTCRtpScriptTransform
    const piped: string[] = []
    const streams = (kind: string) => ({ readable: { pipeTo: async () => void piped.push(kind) }, writable: kind })
    Object.defineProperty(FakeSender.prototype, 'createEncodedStreams', {
      value: function (this: FakeSender) { return streams(this.track.kind) }, configurable: true,
    })
    expect(wayOfBrowser()).toBe('streams')
    const signing = make()
    worker.comeUp()
    await signing.ready()
    expect(signing.configure({ iceServers: [] })).toEqual({ iceServers: [], encodedInsertableStreams: true })
    signing.attach(peer('video', 'audio').pc)
    expect(piped).toEqual(['audio'])
    expect(worker.heard).toEqual([expect.objectContaining({ kind: 'streams', stream: 1, writable: 'video' })])
    delete (FakeSender.prototype as { createEncodedStreams?: unknown }).createEncodedStreams
  })

  it('changes nothing in a browser that has neither', async () => {
    vi.stubGlobal('RTCRtpSender', class {})
    const signing = make()
    await signing.ready()
    await signing.enrol(me)
    expect([signing.configure({}), signing.fingerprint, worker.heard]).toEqual([{}, null, []])
  })

  it.each([
    ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36', 'Chrome 141'],
    ['Mozilla/5.0 (Linux; Android 14) Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.50', 'WeChat 8'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1', 'Safari 17'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox 128'],
    ['something', 'unknown'],
  ])('names the browser: %s', (userAgent, name) => expect(browserName(userAgent)).toBe(name))
})
