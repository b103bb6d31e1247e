/** Findings and what was answered to them. */
import type { CaseState, DisputeRow, FindingRow, RectificationRow } from './case_state'
import type { Entry, Fields } from './entries'

type Change = (finding: FindingRow, entry: Entry, payload: Fields) => FindingRow

const CHANGES: Record<string, Change> = {
  rectification: (finding, { seq, at }, payload) => ({
    ...finding,
    state: 'submitted',
    rectifications: [
      ...finding.rectifications,
      {
        seq,
        at,
        id: payload.text('rectification_id'),
        text: payload.text('text'),
        hasPhoto: payload.text('file') !== '',
        state: 'submitted',
        reason: '',
      },
    ],
  }),
  rectification_accepted: (finding, _entry, payload) => judged(finding, payload, 'accepted'),
  rectification_rejected: (finding, _entry, payload) => judged(finding, payload, 'rejected'),
  dispute: (finding, { seq, at }, payload) => ({
    ...finding,
    state: 'disputed',
    disputes: [
      ...finding.disputes,
      { seq, at, id: payload.text('dispute_id'), text: payload.text('text'), answer: '', upheld: null, answeredBy: '' },
    ],
  }),
  dispute_answer: (finding, { actor }, payload) => ({
    ...finding,
    state: payload.flag('upheld') ? 'open' : 'accepted',
    disputes: finding.disputes.map((row) => answered(row, actor.name, payload)),
  }),
}

function judged(finding: FindingRow, payload: Fields, state: 'accepted' | 'rejected'): FindingRow {
  const id = payload.text('rectification_id')
  const rectifications = finding.rectifications.map(
    (row): RectificationRow => (row.id === id ? { ...row, state, reason: payload.text('reason') } : row),
  )
  return { ...finding, rectifications, state: state === 'accepted' ? 'accepted' : 'open' }
}

function answered(row: DisputeRow, by: string, payload: Fields): DisputeRow {
  if (row.id !== payload.text('dispute_id')) return row
  return { ...row, answer: payload.text('text'), upheld: payload.flag('upheld'), answeredBy: by }
}

function raised(entry: Entry, payload: Fields): FindingRow {
  return {
    seq: entry.seq,
    at: entry.at,
    id: payload.text('finding_id'),
    sessionId: payload.textOrNull('session_id'),
    stillId: payload.textOrNull('still_id'),
    text: payload.text('text'),
    severity: payload.text('severity'),
    clause: payload.text('clause'),
    dueDate: payload.text('due_date'),
    state: 'open',
    actor: entry.actor,
    rectifications: [],
    disputes: [],
  }
}

export function reduceFinding(state: CaseState, entry: Entry, payload: Fields): CaseState {
  if (entry.kind === 'finding') return { ...state, findings: [...state.findings, raised(entry, payload)] }
  const change = CHANGES[entry.kind]
  if (!change) return state
  const id = payload.text('finding_id')
  const findings = state.findings.map((row) => (row.id === id ? change(row, entry, payload) : row))
  return { ...state, findings }
}
