/** Shapes of what the desk pages read from the server. Times are RFC 3339 UTC strings, lengths are metres unless named otherwise. */

export type Nature = 'guidance' | 'verification' | 'recheck'
export type Severity = 'minor' | 'major' | 'critical'
export type Seen = 'seen' | 'unclear' | 'not_shown'
export type CheckResult = 'pass' | 'fail' | 'na'
export type IdKind = 'uscc' | 'resident_id'
export type OpinionKind = 'fit' | 'not_fit' | 'partly_on_site'
export type Decision = 'signed' | 'disagreed' | 'refused'
export type DeskRole = 'inspector' | 'auditor'

export interface Point {
  latitude: number
  longitude: number
}
export interface Position extends Point {
  datum: string
}
export type Fence = { kind: 'circle'; radius_m: number } | { kind: 'polygon'; points: Point[] }

export interface Official {
  id: string
  name: string
  unit: string
  badge: string
}
export interface CheckItem {
  id: string
  title: string
  clause: string
  hint: string
}
export interface Template {
  id: string
  name: string
  items: CheckItem[]
}
export interface SignatureView {
  name: string
  role: string
  decision: Decision
  statement: string | null
}
export interface SessionView {
  id: string
  number: number
  nature: Nature
  state: 'waiting' | 'live' | 'ended'
  started_at: string | null
  ended_at: string | null
  end_cause: string | null
  recording: boolean
  summary: string | null
  signatures: SignatureView[]
}
export interface InvitationView {
  id: string
  session_id: string
  state: string
  expires_at: string
}
/** The secrets of an invitation: shown once, right after it was made. */
export interface NewInvitation {
  id: string
  pickup_code: string
  link: string
  qr_svg: string
  expires_at: string
}
export interface RectificationView {
  id: string
  text: string
  has_photo: boolean
  state: string
  reason: string | null
  submitted_at: string
}
export interface DisputeView {
  id: string
  text: string
  answer: string | null
  upheld: boolean | null
  answered_by: string | null
}
export interface FindingView {
  id: string
  text: string
  severity: Severity
  clause: string
  due_date: string | null
  still_id: string | null
  state: 'open' | 'submitted' | 'disputed' | 'accepted' | 'confirmed'
  rectifications: RectificationView[]
  disputes: DisputeView[]
}
export interface StillView {
  id: string
  session_id: string
  reason: string
  item_id: string | null
  lookup: string
  arrival_at: string
  url: string
  jpeg_sha256: string
}
export interface CheckView {
  item_id: string
  session_id: string
  seen: Seen
  result: CheckResult
  note: string
  still_ids: string[]
}
export interface VisitItem {
  finding_id?: string | null
  item_id?: string | null
  confirmed: boolean
  note: string
}
export interface VisitView {
  id: string
  visited_at: string
  visitors: string[]
  items: VisitItem[]
}
export interface OpinionView {
  opinion: OpinionKind
  text: string
  given_by?: string
  given_at?: string
}
export interface Premises {
  name: string
  address: string
  position: Position | null
  fence: Fence | null
}
export interface Detail {
  id: string
  number: string
  item: { id: string; name: string; items: CheckItem[] }
  premises: Premises
  applicant: { name: string; id_kind: IdKind; id_masked: string; phone_masked: string }
  inspectors: Official[]
  state: string
  sessions: SessionView[]
  invitations: InvitationView[]
  findings: FindingView[]
  stills: StillView[]
  checks: CheckView[]
  visits: VisitView[]
  opinion: OpinionView | null
  last_seq: number
}
export interface ParticipantView {
  id: string
  name: string
  role: string
  unit: string
  badge: string
  present: boolean
  muted: boolean
}
export interface ReplaySession {
  id: string
  number: number
  nature: Nature
  started_at: string | null
  ended_at: string | null
  origin_at: string | null
  duration_ms: number | null
  media_url: string | null
  state: 'ready' | 'making' | 'none'
}
export interface Verdict {
  verdict: 'whole' | 'broken' | 'unreadable'
  first_problem: { code: string; where: string } | null
  proven: unknown[]
  claimed: unknown[]
}
