/** Answers of the server as the applicant's pages read them. */
import type { FindingState, Nature } from '@/protocol/entries'

export interface Notice {
  token: string
  office: { name: string; unit: string; phone: string }
  officials: { name: string; unit: string; badge: string }[]
  nature: Nature
  item_name: string
  premises_name: string
  phone_masked: string
  notice: { title: string; lines: string[]; version: string; en?: { title: string; lines: string[] } | null }
  expires_at: string
  state: string
}

export interface Redeemed {
  csrf: string
  inspection_id: string
  session_id: string | null
}

export interface MyRectification {
  id: string
  text: string
  has_photo: boolean
  state: string
  reason: string | null
  submitted_at: string
}

export interface MyDispute {
  id: string
  text: string
  answer: string | null
  upheld: boolean | null
  answered_by: string | null
}

export interface MyFinding {
  id: string
  text: string
  severity: string
  clause: string
  due_date: string
  still_id: string | null
  state: FindingState
  rectifications: MyRectification[]
  disputes: MyDispute[]
}

export interface MySession {
  id: string
  number: number
  nature: Nature
  state: 'waiting' | 'live' | 'ended'
  started_at: string | null
  ended_at: string | null
  end_cause: string | null
  recording: boolean
  summary: string | null
  signatures: { name: string; role: string; decision: string; statement: string | null }[]
}

export interface MyInspection {
  id: string
  number: string
  item: { id: string; name: string }
  premises: { name: string; address: string }
  applicant: { name: string; phone_masked: string }
  inspectors: { id: string; name: string; unit: string; badge: string }[]
  state: string
  sessions: MySession[]
  findings: MyFinding[]
  stills: { id: string; session_id: string; url: string; lookup: string }[]
  opinion: { opinion: string; text: string } | null
}

export interface MyCase {
  inspection: MyInspection
  session_id: string | null
}
