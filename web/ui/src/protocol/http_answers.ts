/** Made by scripts/generate_protocol.py from the server's models: change those, not this file. */

export interface ApplicantLogin {
  holder: Holder
  csrf: string
}

export interface ApplicantView {
  name: string
  id_kind: IdKind
  id_masked: string
  phone_masked: string
}

/** A session; `number` counts within its inspection. */
export interface CallView {
  id: string
  number: number
  nature: Nature
  state: SessionState
  started_at: string | null
  ended_at: string | null
  end_cause: EndCause | null
  recording: boolean
  summary: string | null
  signatures: SignedView[]
}

export interface CheckItemView {
  id: string
  title: string
  clause: string
  hint: string
}

/** What the inspector makes of a check item. */
export type CheckResult = 'pass' | 'fail' | 'na'

export interface CheckView {
  item_id: string
  session_id: string
  seen: Seen
  result: CheckResult
  note: string
  still_ids: string[]
}

export interface CircleView {
  kind: 'circle'
  center: PositionView
  radius_m: number
}

export interface CodeSent {
  sent_to: string
  retry_after_s: number
}

export interface Colleagues {
  users: Official[]
}

/** `proof`: nodes in hexadecimal (RFC 9162, 2.1.4), that the head of `second` continues the one of `first`. */
export interface ConsistencyView {
  first: number
  second: number
  proof: string[]
}

/** The coordinate system. UNVERIFIED: said by an in-app browser that may have shifted it; read as WGS84. */
export type Datum = 'WGS84' | 'GCJ02' | 'BD09' | 'UNVERIFIED'

/** What a person present did with the summary. */
export type Decision = 'signed' | 'disagreed' | 'refused'

/** Everything about an inspection that the role may see; an applicant gets no invitations. */
export interface Detail {
  id: string
  number: string
  item: ServiceItemView
  premises: PremisesView
  applicant: ApplicantView
  inspectors: Official[]
  state: InspectionState
  opened_at: string
  sessions: CallView[]
  invitations: InvitationView[]
  findings: FindingView[]
  stills: StillView[]
  checks: CheckView[]
  visits: VisitView[]
  opinion: OpinionView | null
  last_seq: number
}

export interface DisputeView {
  id: string
  text: string
  answer: string | null
  upheld: boolean | null
  answered_by: string | null
}

/** Nothing more to say. */
export type Done = Record<string, never>

/** Completed and signed, stopped by the applicant, ended by an inspector without a conclusion, or left by all. */
export type EndCause = 'completed' | 'stopped' | 'unfinished' | 'abandoned'

export interface EntryList {
  entries: Record<string, unknown>[]
  last_seq: number
}

/** `ACCEPTED` also where a dispute was upheld against the office; `CONFIRMED` is final. */
export type FindingState = 'open' | 'submitted' | 'disputed' | 'accepted' | 'confirmed'

export interface FindingView {
  id: string
  session_id: string | null
  still_id: string | null
  text: string
  severity: Severity
  clause: string
  due_date: string
  state: FindingState
  rectifications: RectificationView[]
  disputes: DisputeView[]
}

export interface Holder {
  name: string
  inspection_id: string
  session_id: string | null
}

/** Which number the applicant gave. */
export type IdKind = 'uscc' | 'resident_id'

/** Where the case stands, as lists show it. */
export type InspectionState = 'opened' | 'invited' | 'in_session' | 'rectifying' | 'under_review' | 'on_site_required' | 'concluded'

export interface Inspections {
  inspections: Summary[]
}

/** `EXPIRED` is never stored: it is what an open or used invitation becomes by the clock. */
export type InvitationState = 'open' | 'used' | 'expired' | 'revoked'

export interface InvitationView {
  id: string
  session_id: string
  state: InvitationState
  expires_at: string
}

/** Where map tiles come from; `attribution` carries the approval number (审图号). */
export interface MapSource {
  tile_url: string
  attribution: string
}

/** `session_id`: the session to join, while it is open. */
export interface MyCase {
  inspection: Detail
  session_id: string | null
}

export interface NamedOfficial {
  name: string
  unit: string
  badge: string
}

/** What a session legally is; fixed before it starts. */
export type Nature = 'guidance' | 'verification' | 'recheck'

/** Media sockets to try for `life_s`; checks are authenticated with `username` and `password` (RFC 8445). */
export interface NetworkProbe {
  username: string
  password: string
  candidates: ProbeCandidate[]
  ice_servers: Record<string, unknown>[]
  life_s: number
}

/** The only sight of an invitation's secrets. */
export interface NewInvitation {
  id: string
  pickup_code: string
  link: string
  qr_svg: string
  expires_at: string
}

export interface NewSession {
  session: CallView
  invitation: NewInvitation
  sms_sent: boolean
}

/** What the holder of a link, or of a pick-up code, is told before anything else. `token` opens the next steps. */
export interface Notice {
  token: string
  office: OfficeView
  officials: NamedOfficial[]
  nature: Nature
  item_name: string
  premises_name: string
  phone_masked: string
  notice: NoticeText
  expires_at: string
  state: InvitationState
}

/** The words that count are the Chinese ones; `en` is for whoever reads the page in English. */
export interface NoticeText {
  title: string
  lines: string[]
  version: string
  en: TranslatedNotice
}

export interface OfficeView {
  name: string
  unit: string
  phone: string
}

export interface Official {
  id: string
  name: string
  unit: string
  badge: string
}

/** 核查意见: the office's internal opinion, never the decision on the licence. */
export type OpinionKind = 'fit' | 'not_fit' | 'partly_on_site'

export interface OpinionView {
  opinion: OpinionKind
  text: string
  given_by: string
  given_at: string
}

export interface PointView {
  latitude: number
  longitude: number
}

export interface PolygonView {
  kind: 'polygon'
  points: PointView[]
}

export interface PositionView {
  latitude: number
  longitude: number
  datum: Datum
}

export interface PremisesView {
  name: string
  address: string
  position: PositionView | null
  fence: CircleView | PolygonView | null
}

export interface ProbeCandidate {
  address: string
  port: number
}

/** What a refused request answers. People read a text chosen by `code`; `detail` is for developers. */
export interface Problem {
  type?: string
  title: string
  status: number
  detail: string
  code: string
  request_id: string
  field?: string | null
  retry_after_s?: number | null
  tries_left?: number | null
}

/** A head of the ledger that covers its first `size` entries. */
export interface ReceiptView {
  inspection_id: string
  number: string
  unit: string
  line: string
  code: string
  size: number
  at: string
  keys: string[]
  qr: string[]
}

/** What became of one answer. */
export type RectificationState = 'submitted' | 'accepted' | 'rejected'

export interface RectificationView {
  id: string
  text: string
  has_photo: boolean
  session_id: string | null
  state: RectificationState
  reason: string | null
  submitted_at: string
}

export interface Redeemed {
  csrf: string
  inspection_id: string
  session_id: string | null
}

export interface Replay {
  sessions: ReplaySession[]
}

/** A film to take away: derived, not the record. `reencoded`: its pictures are not as they came. */
export interface ReplayCopy {
  copy_as: 'webm' | 'mp4'
  state: 'ready' | 'making' | 'none'
  url: string | null
  size_bytes: number | null
  sha256: string | null
  reencoded: boolean | null
}

/** `origin_at` is the instant of the film's first moment. */
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
  copies: ReplayCopy[]
}

/** To be taken away from the screen after so many seconds. */
export interface RevealedNumber {
  value: string
  shown_s: number
}

/** 已看清 / 未看清 / 未拍到. */
export type Seen = 'seen' | 'unclear' | 'not_shown'

export interface ServiceItemView {
  id: string
  name: string
  items: CheckItemView[]
}

/** Waiting until an inspector and the applicant are both there for the first time. */
export type SessionState = 'waiting' | 'live' | 'ended'

/** How grave a finding is. */
export type Severity = 'minor' | 'major' | 'critical'

export interface SignedInUser {
  id: string
  name: string
  unit: string
  badge: string
  role: string
}

export interface SignedView {
  name: string
  role: string
  decision: Decision
  statement: string | null
}

export interface StaffLogin {
  user: SignedInUser
  csrf: string
  map: MapSource | null
}

/** Why a still was taken. */
export type StillReason = 'manual' | 'start' | 'signboard' | 'check_item' | 'moved' | 'challenge'

export interface StillView {
  id: string
  session_id: string
  reason: StillReason
  item_id: string | null
  lookup: string
  arrival_at: string
  url: string
  jpeg_sha256: string
}

/** A row of the list of inspections. */
export interface Summary {
  id: string
  number: string
  item_id: string
  item_name: string
  premises_name: string
  applicant_name: string
  state: InspectionState
  opened_at: string
}

export interface TemplateView {
  id: string
  name: string
  items: CheckItemView[]
}

export interface Templates {
  templates: TemplateView[]
}

export interface TranslatedNotice {
  title: string
  lines: string[]
}

export interface VerdictProblem {
  code: string
  where: string
}

export interface VerdictView {
  verdict: 'whole' | 'broken' | 'unreadable'
  first_problem: VerdictProblem | null
  proven: string[]
  claimed: string[]
}

export interface VisitItemView {
  finding_id: string | null
  item_id: string | null
  confirmed: boolean
  note: string
}

export interface VisitView {
  id: string
  visited_at: string
  visitors: string[]
  items: VisitItemView[]
}
