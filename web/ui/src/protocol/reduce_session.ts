/** What happens inside one session: presence, recording, chat, stills, checks, places, summary and signatures. */
import { emptySession, type CaseState, type SessionState, type SignatureRow } from './case_state'
import type { CheckResult, Containment, EndCause, Entry, Fields, Nature, Seen } from './entries'

type Change = (session: SessionState, entry: Entry, payload: Fields) => SessionState

const CHANGES: Record<string, Change> = {
  session_created: (session, _entry, payload) => ({
    ...session,
    nature: (payload.text('nature') || 'guidance') as Nature,
    number: payload.text('number') || String(payload.number('number') ?? ''),
  }),
  session_started: (session, { at }) => ({ ...session, state: 'live', startedAt: session.startedAt ?? at }),
  session_ended: (session, { at }, payload) => ({
    ...session,
    state: 'ended',
    recording: false,
    endedAt: at,
    endCause: (payload.textOrNull('cause') ?? 'completed') as EndCause,
  }),
  stopped: (session, _entry, payload) => ({ ...session, recording: false, stoppedReason: payload.text('reason') }),
  recording: (session, _entry, payload) => ({
    ...session,
    recording: payload.flag('on'),
    recordingCause: payload.text('cause'),
  }),
  presence: reducePresence,
  chat: (session, { seq, at, actor }, payload) => ({
    ...session,
    chat: [...session.chat, { seq, at, actor, text: payload.text('text') }],
  }),
  still: reduceStill,
  check: reduceCheck,
  fix: reduceFix,
  no_fix: (session, { seq, at }, payload) => ({
    ...session,
    noFixes: [...session.noFixes, { seq, at, cause: payload.text('cause') }],
  }),
  gap: (session, { seq, at }, payload) => ({
    ...session,
    gaps: [
      ...session.gaps,
      {
        seq,
        at,
        cause: payload.text('cause'),
        startedAt: payload.text('started_at') || at,
        endedAt: payload.text('ended_at') || at,
        trackId: payload.textOrNull('track_id'),
        participantId: payload.textOrNull('participant_id'),
      },
    ],
  }),
  guidance: reduceGuidance,
  challenge: (session, { seq, at }, payload) => ({
    ...session,
    challenges: [...session.challenges, { seq, at, id: payload.text('challenge_id'), code: payload.text('code') }],
  }),
  device: (session, { seq, at, actor }, payload) => ({
    ...session,
    device: actor.role === 'inspector' ? session.device : {
      seq,
      at,
      camera: payload.text('camera'),
      muted: payload.flag('muted'),
      paused: payload.flag('paused'),
      torch: payload.flag('torch'),
      weakUplink: payload.flag('weak_uplink'),
    },
  }),
  summary: (session, { seq, at, actor }, payload) => ({
    ...session,
    summary: { seq, at, actor, text: payload.text('text') },
    signatures: [], // signatures are of a wording; a new wording has none
  }),
  page_key: ({ pageSigned, ...session }, { seq, at }, payload) => {
    const key = { seq, at, fingerprint: payload.text('fingerprint'), browser: payload.text('browser') }
    return { ...session, pageSigned: { ...pageSigned, keys: [...pageSigned.keys, key] } }
  },
  signatures: ({ pageSigned, ...session }, _entry, payload) => {
    const more = (key: string): number => payload.number(key) ?? 0
    return {
      ...session,
      pageSigned: {
        keys: pageSigned.keys,
        frames: pageSigned.frames + more('frames'),
        signed: pageSigned.signed + more('signed'),
        broken: pageSigned.broken + more('broken'),
        missing: pageSigned.missing + more('missing_counters'),
        jumps: pageSigned.jumps + more('clock_jumps'),
      },
    }
  },
  signature: (session, entry, payload) => sign(session, entry, payload.text('decision'), payload.text('statement')),
  refusal: (session, entry, payload) => sign(session, entry, 'refused', payload.text('reason')),
}

function reducePresence(session: SessionState, { seq, at }: Entry, payload: Fields): SessionState {
  const participantId = payload.text('participant_id')
  const row = {
    seq,
    at,
    participantId,
    name: payload.text('name'),
    role: payload.text('role'),
    unit: payload.text('unit'),
    badge: payload.text('badge'),
    present: payload.flag('present'),
  }
  return {
    ...session,
    presence: { ...session.presence, [participantId]: row },
    inspectorsPresent: payload.number('inspectors_present') ?? session.inspectorsPresent,
    marked: payload.flag('marked'),
  }
}

function reduceStill(session: SessionState, { seq, at }: Entry, payload: Fields): SessionState {
  const still = {
    seq,
    at,
    id: payload.text('still_id'),
    reason: payload.text('reason'),
    itemId: payload.textOrNull('item_id'),
    lookup: payload.text('lookup'),
    arrivalAt: payload.text('arrival_at') || at,
    sha256: payload.text('jpeg_sha256'),
    containment: containmentOf(payload),
    challengeId: payload.textOrNull('challenge_id'),
  }
  return { ...session, stills: [...session.stills, still] }
}

function reduceCheck(session: SessionState, { seq, at, actor }: Entry, payload: Fields): SessionState {
  const itemId = payload.text('item_id')
  const check = {
    seq,
    at,
    actor,
    itemId,
    title: payload.text('title'),
    seen: (payload.text('seen') || 'not_shown') as Seen,
    result: (payload.text('result') || 'na') as CheckResult,
    note: payload.text('note'),
    stillIds: payload.texts('still_ids'),
  }
  return { ...session, checks: { ...session.checks, [itemId]: check } }
}

function reduceFix(session: SessionState, { seq, at }: Entry, payload: Fields): SessionState {
  const position = payload.child('position')
  const distanceCm = payload.number('distance_cm')
  const fix = {
    seq,
    at,
    latitude: (position.number('latitude_e7') ?? 0) / 1e7,
    longitude: (position.number('longitude_e7') ?? 0) / 1e7,
    datum: position.text('datum'),
    accuracyM: (position.number('accuracy_cm') ?? 0) / 100,
    containment: containmentOf(payload),
    distanceM: distanceCm === null ? null : distanceCm / 100,
    doubts: payload.texts('doubts'),
    takenAt: payload.text('taken_at') || at,
  }
  return { ...session, fixes: [...session.fixes, fix] }
}

function reduceGuidance(session: SessionState, { seq, at, actor }: Entry, payload: Fields): SessionState {
  const what = payload.text('what')
  const detail = what === 'detail_on' ? true : what === 'detail_off' ? false : session.detail
  return { ...session, detail, guidance: [...session.guidance, { seq, at, actor, what }] }
}

/** One signature a person: a later decision of the same person replaces the earlier one. */
function sign(session: SessionState, { seq, at, actor }: Entry, decision: string, statement: string): SessionState {
  const row: SignatureRow = { seq, at, actor, statement, decision: decision as SignatureRow['decision'] }
  const others = session.signatures.filter((known) => known.actor.role !== actor.role || known.actor.id !== actor.id)
  return { ...session, signatures: [...others, row] }
}

function containmentOf(payload: Fields): Containment | null {
  return (payload.text('containment').toLowerCase() || null) as Containment | null
}

export function reduceSession(state: CaseState, entry: Entry, payload: Fields): CaseState {
  const change = CHANGES[entry.kind]
  const id = payload.text('session_id') || (state.sessions[entry.subject ?? ''] ? (entry.subject ?? '') : '')
  if (!change || !id) return state
  const session = state.sessions[id] ?? emptySession(id)
  return { ...state, sessions: { ...state.sessions, [id]: change(session, entry, payload) } }
}
