/**
 * The one reading of the event log: `reduce(state, entry)` is pure, ignores entries it has already seen and kinds it
 * does not know. Only what an entry touches is copied, so earlier states stay valid.
 */
import { emptyCase, type CaseState } from './case_state'
import type { Entry } from './entries'
import { reduceFinding } from './reduce_finding'
import { reduceSession } from './reduce_session'
import { Fields } from './entries'

export * from './case_state'

type Step = (state: CaseState, entry: Entry, payload: Fields) => CaseState

const CASE_STEPS: Record<string, Step> = {
  opened: (state, _entry, payload) => ({
    ...state,
    number: payload.text('number'),
    itemName: payload.text('item_name'),
    premisesName: payload.child('premises').text('name'),
    premisesAddress: payload.child('premises').text('address'),
    applicantName: payload.child('applicant').text('name'),
  }),
  site_visit: (state, { seq, at }, payload) => ({
    ...reduceVisited(state, payload),
    visits: [...state.visits, { seq, at, visitedAt: payload.text('visited_at'), visitors: payload.texts('visitors') }],
  }),
  timestamp: (state, { seq, at }, payload) => ({
    ...state,
    stamp: { seq, at, authority: payload.text('authority'), genTime: payload.text('gen_time') || at, isTest: payload.flag('is_test') },
  }),
  opinion: (state, { seq, at }, payload) => ({
    ...state,
    opinion: { seq, at, opinion: payload.text('opinion'), text: payload.text('text') },
  }),
}

/** What a visit on site found: confirmed for good, or open again. */
function reduceVisited(state: CaseState, payload: Fields): CaseState {
  const seen = new Map(payload.list('items').map((item) => [item.text('finding_id'), item.flag('confirmed')]))
  const findings = state.findings.map((finding) => {
    const confirmed = seen.get(finding.id)
    return confirmed === undefined ? finding : { ...finding, state: confirmed ? ('confirmed' as const) : ('open' as const) }
  })
  return { ...state, findings }
}

/** The state after `entry`. An entry at or before `state.lastSeq` changes nothing. */
export function reduce(state: CaseState, entry: Entry): CaseState {
  if (entry.seq <= state.lastSeq) return state
  const payload = new Fields(entry.payload)
  const step = CASE_STEPS[entry.kind]
  const next = step ? step(state, entry, payload) : reduceFinding(reduceSession(state, entry, payload), entry, payload)
  return { ...next, lastSeq: entry.seq }
}

export function reduceAll(entries: Iterable<Entry>, from: CaseState = emptyCase()): CaseState {
  let state = from
  for (const entry of entries) state = reduce(state, entry)
  return state
}

const SNAPSHOT_EVERY = 200

/** A finished log that can be asked for its state at any moment; asking costs at most `SNAPSHOT_EVERY` steps. */
export class Timeline {
  private readonly snapshots: CaseState[] = []
  private readonly times: number[]

  constructor(readonly entries: readonly Entry[]) {
    this.times = entries.map((entry) => Date.parse(entry.at))
    let state = emptyCase()
    entries.forEach((entry, index) => {
      if (index % SNAPSHOT_EVERY === 0) this.snapshots.push(state)
      state = reduce(state, entry)
    })
  }

  /** The state once every entry with `at` ≤ `atMs` (Unix milliseconds) has happened. */
  stateAt(atMs: number): CaseState {
    const count = this.countUntil(atMs)
    const snapshot = Math.max(0, Math.floor((count - 1) / SNAPSHOT_EVERY))
    const from = this.snapshots[snapshot] ?? emptyCase()
    return reduceAll(this.entries.slice(snapshot * SNAPSHOT_EVERY, count), from)
  }

  /** How many entries have happened by `atMs`: those before the first one that is later (the log's order rules). */
  private countUntil(atMs: number): number {
    let low = 0
    let high = this.times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.times[middle] ?? 0) <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }
}
