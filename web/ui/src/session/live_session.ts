/**
 * One person's part in one live session, without a page: socket, event log, connection up and connection down. It
 * owns all three; `close` ends them. Everything a page shows is read from its fields after `onChange`.
 */
import type { Role } from '@/protocol/api'
import { emptyCase, reduce, type CaseState, type SessionState } from '@/protocol/reduce'
import type { Entry } from '@/protocol/entries'
import type { JoinResult, Participant, PeerAnswer } from '@/protocol/events'
import type { SigningNonce, ViewServed } from '@/protocol/messages'
import type { Problem, Result } from '@/protocol/problem'
import { Signaling, type LinkState, type SignalingOptions } from '@/protocol/signaling'
import { Publisher, type PublisherOptions } from '@/rtc/publisher'
import { PageSigning } from '@/rtc/signing/page_signing'
import { Viewer, type Streams, type ViewerOptions } from '@/rtc/viewer'
import type { MediaState } from '@/rtc/redialer'
import { pageNetwork, type NetworkSource } from './page_network'
import { measureClock } from './phone_clock'

export interface LiveSessionOptions {
  role: Role
  sessionId: string
  csrf: () => string
  signaling?: Partial<SignalingOptions>
  publisher?: Partial<PublisherOptions>
  viewer?: Partial<ViewerOptions>
  /** Where network changes are heard. @default the window */
  network?: NetworkSource | null
}

/** Media is silent and no ping has come for as long: the socket is dead too. Pings come every second. */
const DEAD_SOCKET_MS = 1_200

export class LiveSession {
  case: CaseState = emptyCase()
  link: LinkState = 'idle'
  problem: Problem | null = null
  joined: JoinResult | null = null
  participants: Participant[] = []
  recording = false
  ended = false
  detail = false
  /** This page sends few, sharp frames, because its line carries no more. */
  weakUplink = false
  /** What this page's own line carries of the applicant's picture. */
  view: ViewServed['service'] = 'full'
  streams: Streams = {}
  /** The newest entry when this page first joined: what is older happened before anyone looked here. */
  sinceSeq: number | null = null
  up: MediaState = 'idle'
  down: MediaState = 'idle'
  /** Why sound and picture do not connect although the server answers: `media_blocked`. */
  mediaProblem: Problem | null = null

  readonly signaling: Signaling
  readonly publisher: Publisher
  readonly viewer: Viewer
  /** Only the applicant's frames are signed. */
  readonly signing: PageSigning | null
  private listener: () => void = () => undefined
  private wantsUp: MediaStream | null = null
  private stopNetwork: () => void = () => undefined
  private batch = false

  constructor(private readonly options: LiveSessionOptions) {
    this.signaling = new Signaling({ role: options.role, csrf: options.csrf, ...options.signaling })
    this.signing = options.role === 'applicant' ? this.makeSigning() : null
    this.publisher = this.makePublisher(options.publisher ?? {})
    this.viewer = this.makeViewer(options.viewer ?? {})
    this.wire()
  }

  get session(): SessionState | null {
    return this.case.sessions[this.options.sessionId] ?? null
  }

  onChange(listener: () => void): void {
    this.listener = listener
  }

  start(): void {
    this.stopNetwork = (this.options.network ?? pageNetwork)({ moved: () => this.networkChanged(), woke: () => this.woke() })
    this.signaling.start({ session_id: this.options.sessionId })
  }

  act<T>(event: string, body: Record<string, unknown> = {}): Promise<Result<T>> {
    const result = this.signaling.act<T>(event, body)
    this.listener() // the act is now among those that wait
    return result.finally(() => this.listener())
  }

  call<T>(event: string, body: Record<string, unknown> = {}): Promise<Result<T>> {
    return this.signaling.call<T>(event, body)
  }

  /** Sends these tracks, now or as soon as the session is joined. */
  publish(stream: MediaStream): void {
    this.wantsUp = stream
    if (this.publisher.state !== 'idle') void this.publisher.setStream(stream)
    else if (this.joined) this.publisher.start(stream, this.joined.ice_servers)
  }

  /** Ends sound and picture in both directions, the socket stays (the summary is still to be read). */
  stopMedia(): void {
    this.publisher.stop()
    this.viewer.stop()
    this.streams = {}
    this.listener()
  }

  /** Tells the server that the person steps out, then closes. */
  async leave(): Promise<void> {
    this.publisher.stop()
    this.viewer.stop()
    await this.signaling.call('session:leave')
    this.close()
  }

  close(): void {
    this.stopNetwork()
    this.publisher.stop()
    this.viewer.stop()
    this.signing?.close()
    this.signaling.close()
  }

  networkChanged(): void {
    this.signaling.retry()
    this.publisher.networkChanged()
    this.viewer.networkChanged()
  }

  /** Back in the foreground: what was missed meanwhile is looked for at once. */
  private woke(): void {
    this.signaling.doubt(DEAD_SOCKET_MS)
    this.signaling.hurry()
  }

  /** Silence of media is noticed before that of the socket, and so is its end. */
  private onHearing(heard: boolean): void {
    if (heard) this.signaling.hurry()
    else this.signaling.doubt(DEAD_SOCKET_MS)
  }

  private wire(): void {
    this.signaling.onState((state) => this.change(() => this.onLink(state)))
    this.signaling.onJoined((joined) => this.change(() => this.onJoined(joined)))
    this.signaling.on('entry', ({ entry }) => this.change(() => this.onEntry(entry)))
    this.signaling.on('participants', ({ participants }) => this.change(() => (this.participants = participants)))
    this.signaling.on('detail:set', ({ on }) => this.change(() => this.onDetail(on)))
    this.signaling.on('session:problem', (problem) => this.change(() => (this.problem = { ...problem, retryable: false })))
    this.signaling.on('session:state', (state) =>
      this.change(() => {
        if (state.state === 'ended') this.end()
      }),
    )
    this.signaling.on('ice:servers', ({ ice_servers }) => {
      for (const way of [this.publisher, this.viewer]) way.useIceServers(ice_servers)
    })
    this.signaling.on('view:served', ({ peer_id, service }) => {
      if (this.viewer.isMine(peer_id)) this.change(() => (this.view = service))
    })
    this.signaling.on('peer:closed', ({ peer_id }) => {
      this.publisher.peerClosed(peer_id)
      this.viewer.peerClosed(peer_id)
    })
  }

  private onLink(state: LinkState): void {
    this.link = state
    this.problem = this.signaling.problem
    // The entries of a join come in one go: pages draw once, after the last of them.
    this.batch = state === 'joined'
  }

  private onJoined(joined: JoinResult): void {
    this.batch = false
    const again = this.joined !== null
    this.joined = joined
    this.participants = joined.participants
    this.sinceSeq ??= joined.last_seq
    if (this.session && this.session.detail !== this.detail) this.onDetail(this.session.detail)
    if (this.session?.state === 'ended') this.end()
    if (this.ended) return
    void this.signing?.enrol({ sessionId: this.options.sessionId, participantId: joined.participant_id })
    if (this.options.role === 'applicant') void measureClock((event, body) => this.call(event, body))
    if (again) this.resume(joined)
    else this.startMedia(joined)
  }

  /** Only the log says whether it is recorded: other messages may overtake each other, entries never do. */
  private onEntry(entry: Entry): void {
    this.case = reduce(this.case, entry)
    this.recording = !this.ended && (this.session?.recording ?? false)
    if (this.recording && this.problem?.code.startsWith('recording_')) this.problem = null
  }

  private end(): void {
    this.ended = true
    this.recording = false
  }

  private startMedia(joined: JoinResult): void {
    if (this.options.viewer !== undefined || this.options.role !== 'auditor') this.viewer.start(joined.ice_servers)
    if (this.wantsUp) this.publisher.start(this.wantsUp, joined.ice_servers)
  }

  private resume(joined: JoinResult): void {
    this.publisher.rejoined(joined.peer_ids, joined.ice_servers)
    this.viewer.rejoined(joined.peer_ids, joined.ice_servers)
  }

  /** A connection that works clears what was said of the other one too: both go the same way. */
  private onWay(way: 'up' | 'down', state: MediaState, problem: Problem | null): void {
    this[way] = state
    if (problem?.code === 'media_blocked') this.mediaProblem = problem
    else if (state === 'connected' || state === 'stopped') this.mediaProblem = null
  }

  private onDetail(on: boolean): void {
    this.detail = on
    void this.publisher.setDetail(on)
  }

  /** Over a connection of its own: the relay begins with everything there. */
  private onStreams(streams: Streams): void {
    this.streams = streams
    this.view = 'full'
  }

  private makeSigning(): PageSigning {
    return new PageSigning({
      signal: {
        nonce: () => this.call<SigningNonce>('signing:nonce'),
        enrol: (body) => this.call('signing:enrol', { ...body }),
      },
      onLost: () => this.publisher.networkChanged(),
    })
  }

  private makePublisher(options: Partial<PublisherOptions>): Publisher {
    return new Publisher({
      signal: {
        publish: (sdp) => this.call<PeerAnswer>('peer:publish', { sdp }),
        close: (peer_id) => void this.call('peer:close', { peer_id }),
        isReady: () => this.signaling.state === 'joined',
      },
      signing: this.signing,
      onState: (state, problem) => this.change(() => this.onWay('up', state, problem)),
      onHearing: (heard) => this.onHearing(heard),
      onUplink: (weak) => this.change(() => (this.weakUplink = weak)),
      ...options,
    })
  }

  private makeViewer(options: Partial<ViewerOptions>): Viewer {
    return new Viewer({
      signal: {
        subscribe: () => this.call<PeerAnswer>('peer:subscribe'),
        answer: (peer_id, sdp) => this.call('peer:answer', { peer_id, sdp }),
        close: (peer_id) => void this.call('peer:close', { peer_id }),
        isReady: () => this.signaling.state === 'joined',
      },
      onState: (state, problem) => this.change(() => this.onWay('down', state, problem)),
      onHearing: (heard) => this.onHearing(heard),
      onStreams: (streams) => this.change(() => this.onStreams(streams)),
      ...options,
    })
  }

  private change(apply: () => void): void {
    apply()
    if (!this.batch) this.listener()
  }
}
