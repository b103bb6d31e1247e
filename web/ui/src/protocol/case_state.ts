/**
 * What the pages know of one inspection: the shape that `reduce` builds from the ledger's entries.
 * Phone, console and the auditor's replay share it; the replay asks for the state as it was at a moment.
 */
import type { CheckResult, Containment, EndCause, EntryActor, FindingState, Nature, Seen } from './entries'

/** Every row says which entry it came from (`seq`) and when (`at`, the server's clock, RFC 3339). */
export interface Row {
  seq: number
  at: string
}

export interface ChatLine extends Row {
  text: string
  actor: EntryActor
}

export interface StillRow extends Row {
  id: string
  reason: string
  itemId: string | null
  lookup: string
  arrivalAt: string
  sha256: string
  containment: Containment | null
  /** The challenge whose code it shows. */
  challengeId: string | null
}

/** A code that the phone was to show. */
export interface ChallengeRow extends Row {
  id: string
  code: string
}

/** An outside authority stamped the record. */
export interface StampRow extends Row {
  authority: string
  genTime: string
  isTest: boolean
}

export interface CheckRow extends Row {
  itemId: string
  title: string
  seen: Seen
  result: CheckResult
  note: string
  stillIds: string[]
  actor: EntryActor
}

/** A measured place. Degrees and metres; `datum` belongs to the coordinates. */
export interface FixRow extends Row {
  latitude: number
  longitude: number
  datum: string
  accuracyM: number
  containment: Containment | null
  distanceM: number | null
  doubts: string[]
  takenAt: string
}

export interface NoFixRow extends Row {
  cause: string
}

export interface PresenceRow extends Row {
  participantId: string
  name: string
  role: string
  unit: string
  badge: string
  present: boolean
}

export interface GapRow extends Row {
  cause: string
  startedAt: string
  endedAt: string
  trackId: string | null
  participantId: string | null
}

export interface SignatureRow extends Row {
  actor: EntryActor
  decision: 'signed' | 'disagreed' | 'refused'
  statement: string
}

export interface DeviceRow extends Row {
  camera: string
  muted: boolean
  paused: boolean
  torch: boolean
  /** It sends few, sharp frames, because its line carries no more. */
  weakUplink: boolean
}

export interface GuidanceRow extends Row {
  what: string
  actor: EntryActor
}

/** Keys with which the phone's pages sign their frames, and what the signatures show of the frames until now. */
export interface PageSigned {
  keys: (Row & { fingerprint: string; browser: string })[]
  frames: number
  signed: number
  broken: number
  missing: number
  jumps: number
}

/** Percent with one decimal, rounded down. */
export function shareSigned({ signed, frames }: PageSigned): string {
  return (Math.floor((signed * 1000) / Math.max(1, frames)) / 10).toFixed(1)
}

export interface SessionState {
  id: string
  number: string
  nature: Nature
  state: 'waiting' | 'live' | 'ended'
  startedAt: string | null
  endedAt: string | null
  endCause: EndCause | null
  recording: boolean
  recordingCause: string
  chat: ChatLine[]
  stills: StillRow[]
  checks: Record<string, CheckRow>
  fixes: FixRow[]
  noFixes: NoFixRow[]
  presence: Record<string, PresenceRow>
  inspectorsPresent: number
  /** A 核查 with fewer than two inspectors right now. */
  marked: boolean
  gaps: GapRow[]
  detail: boolean
  guidance: GuidanceRow[]
  challenges: ChallengeRow[]
  device: DeviceRow | null
  summary: (Row & { text: string; actor: EntryActor }) | null
  signatures: SignatureRow[]
  pageSigned: PageSigned
  stoppedReason: string | null
}

export interface RectificationRow extends Row {
  id: string
  text: string
  hasPhoto: boolean
  state: 'submitted' | 'accepted' | 'rejected'
  reason: string
}

export interface DisputeRow extends Row {
  id: string
  text: string
  answer: string
  upheld: boolean | null
  answeredBy: string
}

export interface FindingRow extends Row {
  id: string
  sessionId: string | null
  stillId: string | null
  text: string
  severity: string
  clause: string
  dueDate: string
  state: FindingState
  actor: EntryActor
  rectifications: RectificationRow[]
  disputes: DisputeRow[]
}

export interface CaseState {
  lastSeq: number
  number: string
  itemName: string
  premisesName: string
  premisesAddress: string
  applicantName: string
  sessions: Record<string, SessionState>
  findings: FindingRow[]
  visits: (Row & { visitedAt: string; visitors: string[] })[]
  opinion: (Row & { opinion: string; text: string }) | null
  /** The newest outside time stamp. */
  stamp: StampRow | null
}

export function emptyCase(): CaseState {
  return {
    lastSeq: 0,
    number: '',
    itemName: '',
    premisesName: '',
    premisesAddress: '',
    applicantName: '',
    sessions: {},
    findings: [],
    visits: [],
    opinion: null,
    stamp: null,
  }
}

export function emptySession(id: string): SessionState {
  return {
    id,
    number: '',
    nature: 'guidance',
    state: 'waiting',
    startedAt: null,
    endedAt: null,
    endCause: null,
    recording: false,
    recordingCause: '',
    chat: [],
    stills: [],
    checks: {},
    fixes: [],
    noFixes: [],
    presence: {},
    inspectorsPresent: 0,
    marked: false,
    gaps: [],
    detail: false,
    guidance: [],
    challenges: [],
    device: null,
    summary: null,
    signatures: [],
    pageSigned: { keys: [], frames: 0, signed: 0, broken: 0, missing: 0, jumps: 0 },
    stoppedReason: null,
  }
}
