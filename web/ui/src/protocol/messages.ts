/** Made by scripts/generate_protocol.py from the server's models: change those, not this file. */
export type * from './http_answers'
export type * from './http_bodies'
import type { CheckResult, Datum, Decision, Seen } from './http_answers'

/** A command that goes on record. */
export interface Act {
  key: string
}

export interface AnswerPeer {
  peer_id: string
  sdp: string
}

/** An act is on record, under this sequence number (the last, where an act makes several entries). */
export interface Appended {
  seq: number | null
}

/** A code that the phone shows now. `gen_time`: when the time stamp was made that it rests on. */
export interface ChallengeShown {
  challenge_id: string
  code: string
  gen_time: string
  is_test: boolean
  seq: number
}

/** `checkpoint`: a signed head of the ledger, as the line to keep. */
export interface CheckpointMade {
  line: string
  after: number
  proof: string[]
}

/** `again`: send the time once more, at once. */
export interface ClockMeasured {
  again: boolean
}

export interface ClosePeer {
  peer_id: string
}

/** `detail:set`, to the applicant: send more detail, or the default again. */
export interface DetailSet {
  on: boolean
}

/** A command without content. */
export type Empty = Record<string, never>

/** `unfinished`: without a conclusion, whatever is missing to one. */
export interface EndSession {
  key: string
  unfinished?: boolean
}

/** The key with which a page signs its video frames; `proof`: its signature over the nonce (docs/evidence.md). */
export interface EnrolKey {
  algorithm: 'ES256'
  public_key: string
  nonce: string
  browser: string
  proof: string
}

/** `entry`: one ledger entry; they come in `seq` order. */
export interface EntryAppended {
  entry: Record<string, unknown>
}

export interface ErrorView {
  code: string
  message: string
  retryable: boolean
  field?: string | null
  retry_after_s?: number | null
  incident_id?: string | null
}

/** `ice:servers`: for connections made from now on; earlier credentials run out. */
export interface IceServersChanged {
  ice_servers: Record<string, unknown>[]
}

export interface JoinSession {
  session_id: string
  after_seq?: number
}

/** The answer to `session:join`: everything that was missed, and the connections that still stand. */
export interface Joined {
  participant_id: string
  session: SessionView
  participants: ParticipantView[]
  entries: Record<string, unknown>[]
  last_seq: number
  ice_servers: Record<string, unknown>[]
  recording: boolean
  peer_ids: string[]
}

export interface MarkCheck {
  key: string
  item_id: string
  seen: Seen
  result: CheckResult
  note?: string
  still_ids?: string[]
}

/** The phone's time (unix, milliseconds), sent as soon as the answer to the one before is there. */
export interface MeasureClock {
  now_ms: number
}

/** Why a device gives no position. */
export type NoFixCause = 'refused' | 'unavailable' | 'timeout' | 'unsupported'

export interface ParticipantView {
  id: string
  name: string
  role: string
  unit: string
  badge: string
  present: boolean
  muted: boolean
}

/** `participants` */
export interface ParticipantsChanged {
  participants: ParticipantView[]
}

/** `peer:closed`: this connection is gone; make a new one. */
export interface PeerClosed {
  peer_id: string
  cause: string
}

export interface PeerDescription {
  peer_id: string
  sdp: string
}

export interface ProposeSummary {
  key: string
  text: string
}

/** A complete offer (ICE gathering done) of a sender. */
export interface PublishPeer {
  sdp: string
}

export interface ReportDevice {
  key: string
  camera: 'rear' | 'front' | 'none' | 'switching'
  muted: boolean
  paused: boolean
  torch: boolean
  weak_uplink?: boolean
}

/** A fix (degrees, metres, the phone's own time), or `no_fix` with its cause. */
export interface ReportFix {
  key: string
  latitude?: number | null
  longitude?: number | null
  accuracy_m?: number | null
  taken_at?: string | null
  source?: string
  datum?: Datum
  no_fix?: NoFixCause | null
}

export interface RequestDetail {
  key: string
  on: boolean
}

export interface SendChat {
  key: string
  text: string
}

/** `session:problem`: something that nobody asked for, as a full disk. */
export interface SessionProblem {
  code: string
  message: string
}

/** `session:state` */
export interface SessionStateChanged {
  state: string
  recording: boolean
  cause?: string | null
}

/** A session as every client sees it; times are RFC 3339. */
export interface SessionView {
  id: string
  number: number
  nature: string
  state: string
  started_at: string | null
  ended_at: string | null
  end_cause: string | null
  recording: boolean
  summary: string | null
  signatures: SignatureView[]
}

export interface SignSummary {
  key: string
  decision: Decision
  statement?: string | null
}

export interface SignatureView {
  name: string
  role: string
  decision: Decision
  statement: string | null
}

/** Good once, for two minutes. */
export interface SigningNonce {
  nonce: string
}

export interface StillTaken {
  still_id: string
  url: string
  seq: number
}

export interface StopSession {
  key: string
  reason?: string | null
}

/** `challenge_id`: the newest challenge, whose code the picture shows. */
export interface TakeStill {
  key: string
  item_id?: string | null
  challenge_id?: string | null
}

/** `view:served`, to one inspector: what their own line carries of the picture from now on; the record has all. */
export interface ViewServed {
  peer_id: string
  service: 'full' | 'fewer_frames' | 'small' | 'key_frames'
}

/** What a client sends, and what the acknowledgement's `result` holds. */
export interface ClientEvents {
  'session:join': { message: JoinSession; result: Joined }
  'session:leave': { message: Empty; result: Record<string, never> }
  'session:stop': { message: StopSession; result: Record<string, never> }
  'session:end': { message: EndSession; result: Record<string, never> }
  'peer:publish': { message: PublishPeer; result: PeerDescription }
  'peer:subscribe': { message: Empty; result: PeerDescription }
  'peer:answer': { message: AnswerPeer; result: Record<string, never> }
  'peer:close': { message: ClosePeer; result: Record<string, never> }
  'signing:nonce': { message: Empty; result: SigningNonce }
  'signing:enrol': { message: EnrolKey; result: Appended }
  'fix:report': { message: ReportFix; result: Appended }
  'chat:send': { message: SendChat; result: Appended }
  'device:report': { message: ReportDevice; result: Appended }
  'clock:measure': { message: MeasureClock; result: ClockMeasured }
  'challenge:show': { message: Act; result: ChallengeShown }
  'still:take': { message: TakeStill; result: StillTaken }
  'check:mark': { message: MarkCheck; result: Appended }
  'detail:request': { message: RequestDetail; result: Appended }
  'guidance:cover': { message: Act; result: Appended }
  'summary:propose': { message: ProposeSummary; result: Appended }
  'summary:sign': { message: SignSummary; result: Appended }
}

/** What the server sends. */
export interface ServerEvents {
  entry: EntryAppended
  participants: ParticipantsChanged
  'session:state': SessionStateChanged
  'detail:set': DetailSet
  'peer:closed': PeerClosed
  'ice:servers': IceServersChanged
  'view:served': ViewServed
  checkpoint: CheckpointMade
  'session:problem': SessionProblem
}

export type Acknowledgement<Result> = { ok: true; result: Result } | { ok: false; error: ErrorView }
