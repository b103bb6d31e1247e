/**
 * The page's end of signing: loads the worker that holds the key, has the key enrolled, and puts the worker behind video
 * senders. A browser that cannot, or a worker that does not come up, leaves everything as it is.
 */
import type { SigningFigures } from './frame_signer'
import type { FromWorker, ToWorker } from './worker_messages'
import type { EnrolKey } from '../../protocol/messages'
import type { Result } from '../../protocol/problem'

export interface EnrolSignal {
  nonce(): Promise<Result<{ nonce: string }>>
  enrol(body: EnrolKey): Promise<Result<unknown>>
}

/** Who is enrolled where. */
export interface Enrolled {
  sessionId: string
  participantId: string
}

export interface PageSigningOptions {
  signal: EnrolSignal
  loadWorker?: () => Worker
  browser?: string
  /** The worker is gone: senders that it served send nothing any more. */
  onLost?: () => void
  /** The longest that a first connection waits for the worker. @default 1500 */
  readyMs?: number
}

type Way = 'transform' | 'streams'
interface EncodedStreams {
  readable: ReadableStream
  writable: WritableStream
}
type OldSender = RTCRtpSender & { createEncodedStreams?: () => EncodedStreams }

type TransformMaker = new (worker: Worker, options: unknown) => RTCRtpScriptTransform

const READY_MS = 1_500

export class PageSigning {
  /** SHA-256 of the enrolled key in hexadecimal; null where frames are not signed. */
  fingerprint: string | null = null
  private worker: Worker | null = null
  private publicKey: Uint8Array | null = null
  private readonly loaded: Promise<void>
  private readonly asked = new Map<number, (message: FromWorker) => void>()
  private asks = 0
  private streams = 0
  private enrolling = false

  constructor(private readonly options: PageSigningOptions) {
    this.loaded = this.load()
  }

  /** Resolves when it is known whether there is a worker; soon in any case. */
  ready(): Promise<void> {
    return this.loaded
  }

  /** What a connection has to be made with, where the browser has only the older way. */
  configure(configuration: RTCConfiguration): RTCConfiguration {
    if (!this.publicKey || wayOfBrowser() !== 'streams') return configuration
    return { ...configuration, encodedInsertableStreams: true } as RTCConfiguration
  }

  /** Before the offer is made: a transform that is set later may be passed by. */
  attach(pc: RTCPeerConnection): void {
    const worker = this.publicKey && this.worker
    const way = wayOfBrowser()
    if (!worker || !way) return
    for (const sender of pc.getSenders()) {
      if (way === 'streams') this.attachStreams(worker, sender)
      else if (sender.track?.kind === 'video') setTransform(worker, sender, ++this.streams)
    }
  }

  /** Has the key entered on record, once; then frames are signed. Asked again after a failure. */
  async enrol(enrolled: Enrolled): Promise<void> {
    if (this.enrolling || this.fingerprint) return
    this.enrolling = true
    try {
      await this.loaded
      const key = this.publicKey
      if (key && (await this.isEntered(key, enrolled))) {
        this.fingerprint = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', key as BufferSource)))
        this.tell({ kind: 'begin' })
      }
    } finally {
      this.enrolling = false
    }
  }

  async figures(): Promise<SigningFigures[]> {
    const answer = await this.ask((id) => ({ kind: 'figures', id }))
    return answer?.kind === 'figures' ? answer.figures : []
  }

  close(): void {
    this.worker?.terminate()
    this.worker = this.publicKey = null
    this.settle()
  }

  private async isEntered(key: Uint8Array, { sessionId, participantId }: Enrolled): Promise<boolean> {
    const given = await this.options.signal.nonce()
    if (!given.ok) return false
    const browser = this.options.browser ?? browserName(navigator.userAgent)
    const said = ['yuntakan-page-key-v1', sessionId, participantId, given.value.nonce, browser].join('\n')
    const answer = await this.ask((id) => ({ kind: 'prove', id, message: new TextEncoder().encode(said) }))
    if (answer?.kind !== 'proof') return false
    const body = { public_key: base64(key), nonce: given.value.nonce, browser, proof: base64(answer.signature) }
    return (await this.options.signal.enrol({ algorithm: 'ES256', ...body })).ok
  }

  private load(): Promise<void> {
    if (!wayOfBrowser()) return Promise.resolve()
    return new Promise((resolve) => {
      setTimeout(resolve, this.options.readyMs ?? READY_MS)
      try {
        this.worker = (this.options.loadWorker ?? loadWorker)()
      } catch {
        return resolve() // refused by the browser's settings
      }
      this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.hear(data, resolve)
      this.worker.onerror = () => this.lose(resolve)
    })
  }

  private hear(message: FromWorker, resolve: () => void): void {
    if (message.kind !== 'key') return this.answered(message)
    this.publicKey = message.publicKey
    resolve()
  }

  private lose(resolve: () => void): void {
    const served = this.streams > 0
    this.close()
    this.fingerprint = null
    resolve()
    if (served) this.options.onLost?.()
  }

  private attachStreams(worker: Worker, sender: OldSender): void {
    const ends = sender.createEncodedStreams?.()
    if (!ends) return
    if (sender.track?.kind !== 'video') return void ends.readable.pipeTo(ends.writable).catch(() => undefined)
    const message: ToWorker = { kind: 'streams', stream: ++this.streams, ...ends }
    worker.postMessage(message, [ends.readable, ends.writable] as unknown as Transferable[])
  }

  private tell(message: ToWorker): void {
    this.worker?.postMessage(message)
  }

  /** The answer, or null where the worker is gone. */
  private ask(make: (id: number) => ToWorker): Promise<FromWorker | null> {
    if (!this.worker) return Promise.resolve(null)
    const id = ++this.asks
    return new Promise((resolve) => {
      this.asked.set(id, resolve)
      this.tell(make(id))
    })
  }

  private answered(message: Exclude<FromWorker, { kind: 'key' }>): void {
    this.asked.get(message.id)?.(message)
    this.asked.delete(message.id)
  }

  private settle(): void {
    for (const [id] of this.asked) this.answered({ kind: 'figures', id, figures: [] })
  }
}

/** The standard way first. */
export function wayOfBrowser(): Way | null {
  if (typeof RTCRtpSender === 'undefined' || typeof Worker === 'undefined' || !globalThis.crypto?.subtle) return null
  if ('RTCRtpScriptTransform' in globalThis && 'transform' in RTCRtpSender.prototype) return 'transform'
  return 'createEncodedStreams' in RTCRtpSender.prototype ? 'streams' : null
}

/** Name and major version, as the page says them. */
export function browserName(userAgent: string): string {
  const names: [RegExp, string][] = [
    [/MicroMessenger\/(\d+)/, 'WeChat'],
    [/Firefox\/(\d+)/, 'Firefox'],
    [/Edg(?:A|iOS)?\/(\d+)/, 'Edge'],
    [/Chrome\/(\d+)/, 'Chrome'],
    [/Version\/(\d+).*Safari/, 'Safari'],
  ]
  for (const [pattern, name] of names) {
    const version = pattern.exec(userAgent)?.[1]
    if (version) return `${name} ${version}`
  }
  return 'unknown'
}

function setTransform(worker: Worker, sender: RTCRtpSender, stream: number): void {
  const make = (globalThis as unknown as { RTCRtpScriptTransform: TransformMaker }).RTCRtpScriptTransform
  sender.transform = new make(worker, { stream })
}

function loadWorker(): Worker {
  return new Worker(new URL('./signing_worker.ts', import.meta.url), { type: 'module' })
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
