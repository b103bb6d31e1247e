import { describe, expect, it } from 'vitest'
import type { Entry } from './entries'
import { emptyCase, reduce, reduceAll, Timeline } from './reduce'

const INSPECTOR = { role: 'inspector', id: 'i1', name: '王工', level: 'staff' }
const APPLICANT = { role: 'applicant', id: 'a1', name: '李店主', level: 'L2' }

/** Entries a second apart, numbered from 1. */
function log(...rows: [string, Record<string, unknown>, typeof INSPECTOR?][]): Entry[] {
  return rows.map(([kind, payload, actor = INSPECTOR], index) => ({
    seq: index + 1,
    kind,
    actor,
    subject: null,
    at: new Date(Date.UTC(2026, 0, 1, 8, 0, index)).toISOString(),
    device_at: null,
    payload,
  }))
}

const S = { session_id: 's1' }
const session = (entries: Entry[]) => reduceAll(entries).sessions.s1

describe('reduce', () => {
  it('ignores an entry that it has already seen', () => {
    const [chat] = log(['chat', { ...S, text: '你好' }])
    const once = reduce(emptyCase(), chat!)
    expect(reduce(once, chat!)).toBe(once)
  })

  it('passes over kinds it does not know but remembers how far it has read', () => {
    const state = reduceAll(log(['clock', {}], ['something_new', { ...S, x: 1 }]))
    expect(state).toEqual({ ...emptyCase(), lastSeq: 2 })
  })

  it('leaves the earlier state as it was', () => {
    const [first, second] = log(['chat', { ...S, text: '一' }], ['chat', { ...S, text: '二' }])
    const before = reduce(emptyCase(), first!)
    reduce(before, second!)
    expect(before.sessions.s1?.chat.map((line) => line.text)).toEqual(['一'])
  })

  it('turns recording off when the session ends or is stopped', () => {
    expect(session(log(['recording', { ...S, on: true }]))?.recording).toBe(true)
    expect(session(log(['recording', { ...S, on: true }], ['stopped', S]))?.recording).toBe(false)
    const ended = session(log(['session_started', S], ['recording', { ...S, on: true }], ['session_ended', { ...S, cause: 'stopped' }]))
    expect(ended).toMatchObject({ state: 'ended', recording: false, endCause: 'stopped' })
  })

  it('reads positions in degrees and metres with their datum', () => {
    const position = { latitude_e7: 302741234, longitude_e7: 1201551234, datum: 'WGS84', accuracy_cm: 1250 }
    const fix = session(log(['fix', { ...S, position, containment: 'INSIDE', distance_cm: 420, doubts: ['stale'] }]))?.fixes[0]
    expect(fix).toMatchObject({ latitude: 30.2741234, longitude: 120.1551234, accuracyM: 12.5, containment: 'inside', distanceM: 4.2 })
  })

  it('keeps the newest mark of a check item', () => {
    const mark = (result: string) => ['check', { ...S, item_id: 'sink', title: '水池', seen: 'seen', result }] as [string, Record<string, unknown>]
    expect(session(log(mark('fail'), mark('pass')))?.checks.sink?.result).toBe('pass')
  })

  it('marks a verification while fewer than two inspectors are present', () => {
    const presence = (n: number, marked: boolean) =>
      ['presence', { ...S, participant_id: `p${n}`, name: 'x', role: 'inspector', present: true, inspectors_present: n, marked }] as [string, Record<string, unknown>]
    expect(session(log(presence(1, true)))).toMatchObject({ marked: true, inspectorsPresent: 1 })
    expect(session(log(presence(1, true), presence(2, false)))).toMatchObject({ marked: false, inspectorsPresent: 2 })
  })

  it('drops signatures when the summary gets a new wording', () => {
    const entries = log(['summary', { ...S, text: '甲' }], ['signature', { ...S, decision: 'signed' }, APPLICANT], ['summary', { ...S, text: '乙' }])
    expect(session(entries)?.signatures).toEqual([])
  })

  it('replaces a decision of the same person and keeps a refusal with its reason', () => {
    const entries = log(
      ['summary', { ...S, text: '甲' }],
      ['signature', { ...S, decision: 'signed' }, INSPECTOR],
      ['signature', { ...S, decision: 'signed' }, APPLICANT],
      ['refusal', { ...S, reason: '与事实不符' }, APPLICANT],
    )
    expect(session(entries)?.signatures.map((row) => [row.actor.id, row.decision, row.statement])).toEqual([
      ['i1', 'signed', ''],
      ['a1', 'refused', '与事实不符'],
    ])
  })

  it('follows detail on and off', () => {
    expect(session(log(['guidance', { ...S, what: 'detail_on' }], ['guidance', { ...S, what: 'cover' }]))?.detail).toBe(true)
    expect(session(log(['guidance', { ...S, what: 'detail_on' }], ['guidance', { ...S, what: 'detail_off' }]))?.detail).toBe(false)
  })

  describe('a finding', () => {
    const raised: [string, Record<string, unknown>] = ['finding', { finding_id: 'f1', text: '缺灭火器', severity: 'major', clause: '第8条', due_date: '2026-02-01' }]
    const answer: [string, Record<string, unknown>, typeof INSPECTOR] = ['rectification', { finding_id: 'f1', rectification_id: 'r1', text: '已配', file: 'x.jpg' }, APPLICANT]
    const state = (...rows: Parameters<typeof log>) => reduceAll(log(raised, ...rows)).findings[0]

    it('is open again after its answer was rejected, with the reason', () => {
      const finding = state(answer, ['rectification_rejected', { finding_id: 'f1', rectification_id: 'r1', reason: '看不清' }])
      expect(finding).toMatchObject({ state: 'open', rectifications: [{ hasPhoto: true, state: 'rejected', reason: '看不清' }] })
    })

    it('is accepted, then confirmed on site', () => {
      const accepted: [string, Record<string, unknown>] = ['rectification_accepted', { finding_id: 'f1', rectification_id: 'r1' }]
      expect(state(answer, accepted)?.state).toBe('accepted')
      const visit: [string, Record<string, unknown>] = ['site_visit', { visitors: ['王工'], items: [{ finding_id: 'f1', confirmed: true }] }]
      expect(state(answer, accepted, visit)?.state).toBe('confirmed')
      const unseen: [string, Record<string, unknown>] = ['site_visit', { visitors: ['王工'], items: [{ finding_id: 'f1', confirmed: false }] }]
      expect(state(answer, accepted, unseen)?.state).toBe('open')
    })

    it('keeps who answered a dispute', () => {
      const finding = state(['dispute', { finding_id: 'f1', dispute_id: 'd1', text: '不属实' }, APPLICANT], ['dispute_answer', { finding_id: 'f1', dispute_id: 'd1', text: '维持', upheld: true }])
      expect(finding).toMatchObject({ state: 'open', disputes: [{ answer: '维持', upheld: true, answeredBy: '王工' }] })
    })
  })
})

describe('Timeline', () => {
  const entries = log(...Array.from({ length: 1000 }, (_, i) => ['chat', { ...S, text: String(i) }] as [string, Record<string, unknown>]))
  const timeline = new Timeline(entries)
  const at = (index: number) => Date.parse(entries[index]!.at)

  it.each([0, 1, 199, 200, 201, 599, 999])('knows the state right after entry %i', (index) => {
    expect(timeline.stateAt(at(index))).toEqual(reduceAll(entries.slice(0, index + 1)))
  })

  it('is empty before the first entry', () => {
    expect(timeline.stateAt(at(0) - 1)).toEqual(emptyCase())
  })
})
