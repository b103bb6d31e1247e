/** Made by scripts/generate_protocol.py from the server's models: change those, not this file. */
import type { Datum, IdKind, Nature, OpinionKind, Severity } from './http_answers'

export interface AcceptRectification {
  reason?: string | null
}

/** `upheld`: the finding stands. */
export interface AnswerDispute {
  text: string
  upheld: boolean
}

export interface CreateSession {
  nature: Nature
}

/** An inspection's number, or the whole identity or phone number of its applicant. */
export interface FindInspections {
  number: string
}

export interface GiveOpinion {
  opinion: OpinionKind
  text: string
}

export interface GivenApplicant {
  name: string
  id_kind: IdKind
  id_number: string
  phone: string
}

/** Round the premises' position. */
export interface GivenCircle {
  kind: 'circle'
  radius_m: number
}

/** In the datum of the premises' position, WGS84 where there is none. */
export interface GivenPoint {
  latitude: number
  longitude: number
}

export interface GivenPolygon {
  kind: 'polygon'
  points: GivenPoint[]
}

export interface GivenPosition {
  latitude: number
  longitude: number
  datum?: Datum
}

export interface GivenPremises {
  name: string
  address: string
  position?: GivenPosition | null
  fence?: GivenCircle | GivenPolygon | null
}

export interface GivenVisitItem {
  finding_id?: string | null
  item_id?: string | null
  confirmed: boolean
  note?: string
}

/** A link's token, or a pick-up code with the phone number of the application. */
export interface LookUpInvitation {
  token?: string | null
  pickup_code?: string | null
  phone?: string | null
}

export interface OpenInspection {
  item_id: string
  premises: GivenPremises
  applicant: GivenApplicant
  second_inspector_id?: string | null
}

export interface RaiseDispute {
  text: string
}

export interface RaiseFinding {
  text: string
  severity: Severity
  clause: string
  due_date: string
  still_id?: string | null
  session_id?: string | null
}

export interface RecordSiteVisit {
  visited_at: string
  visitors: string[]
  items: GivenVisitItem[]
}

/** `told_at`: when the notice was shown, by the phone's clock. */
export interface RedeemInvitation {
  token: string
  code: string
  told_at: string
  agreed_position: boolean
}

export interface RejectRectification {
  reason: string
}

/** Which of the applicant's numbers, and why somebody looks. */
export interface RevealNumber {
  what: 'id_number' | 'phone'
  reason: string
}

export interface SendCode {
  token: string
}

export interface SignIn {
  username: string
  password: string
}
