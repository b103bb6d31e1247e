/** The server's shapes under the words of the desk. They are generated from its models; lengths are metres, times RFC 3339. */
export type {
  CallView as SessionView,
  CheckItemView as CheckItem,
  CheckResult,
  Decision,
  Detail,
  EntryList,
  FindingView,
  Inspections,
  InvitationView,
  MapSource,
  Nature,
  NewInvitation,
  NewSession,
  Official,
  OpinionKind,
  PointView as Point,
  PremisesView as Premises,
  RecordSiteVisit as VisitBody,
  Replay as ReplayAnswer,
  ReplayCopy,
  ReplaySession,
  Seen,
  Severity,
  SignedInUser as DeskUser,
  StaffLogin,
  Summary as CaseRow,
  TemplateView as Template,
  Templates,
  Colleagues,
  VerdictView as Verdict,
} from '@/protocol/messages'
import type { PointView, ReplayCopy } from '@/protocol/messages'

export type DeskRole = 'inspector' | 'auditor'

/** A fence as it is drawn: a circle lies round the position of the premises. */
export type Fence = { kind: 'circle'; radius_m: number } | { kind: 'polygon'; points: PointView[] }
export type CopyAs = ReplayCopy['copy_as']
