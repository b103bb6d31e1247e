import { describe, expect, it } from 'vitest'
import type { Entry } from '../protocol/entries'
import { presenceOf, totalMs } from './deskPresence'
import { clockText, currentIndex, lanesOf, momentOf, offsetOf, presenceLanes, ticksOf, toFraction } from './deskTimeline'

const ORIGIN = Date.parse('2026-11-24T02:00:00.000Z')
const range = { originMs: ORIGIN, durationMs: 100_000 }
let seq = 0

function entry(kind: string, seconds: number, payload: Record<string, unknown> = {}, session = 's1'): Entry {
  const at = new Date(ORIGIN + seconds * 1000).toISOString()
  return { seq: ++seq, kind, at, device_at: null, subject: null, actor: { role: 'inspector', id: 'u1', name: '王', level: '' }, payload: { session_id: session, ...payload } }
}
const iso = (seconds: number): string => new Date(ORIGIN + seconds * 1000).toISOString()
const presence = (seconds: number, id: string, present: boolean, marked: boolean): Entry => entry('presence', seconds, { participant_id: id, name: id, role: 'inspector', present, marked, inspectors_present: 0 })
const laneOf = (entries: Entry[], name: string): ReturnType<typeof lanesOf>[number]['marks'] => lanesOf(entries, 's1', range).find((l) => l.name === name)?.marks ?? []

describe('the timeline', () => {
  it('places an entry at its time after the origin of the picture', () => {
    expect(offsetOf(entry('chat', 12.25), range)).toBe(12_250)
  })
  it('places a still at the arrival of its frame, not where it was written down', () => {
    expect(momentOf(entry('still', 10.8, { arrival_at: iso(10.2) })) - ORIGIN).toBe(10_200)
  })
  it('keeps what lies before and after the picture at its ends', () => {
    expect(offsetOf(entry('chat', -30), range)).toBe(0)
    expect(offsetOf(entry('chat', 300), range)).toBe(100_000)
  })
  it('gives a gap its length', () => {
    const [gap] = laneOf([entry('gap', 22, { cause: 'loss', started_at: iso(18), ended_at: iso(20) })], 'gap')
    expect([gap?.startMs, gap?.endMs]).toEqual([18_000, 20_000])
  })
  it('colours fixes by containment, and doubtful ones as doubtful', () => {
    const tones = laneOf([entry('fix', 1, { containment: 'INSIDE', doubts: [] }), entry('fix', 2, { containment: 'OUTSIDE', doubts: [] }), entry('fix', 3, { containment: 'INSIDE', doubts: ['stale'] }), entry('no_fix', 4, { cause: 'timeout' })], 'fix').map((m) => m.tone)
    expect(tones).toEqual(['good', 'bad', 'warn', 'mute'])
  })
  it('leaves out other sessions', () => {
    expect(laneOf([entry('chat', 1), entry('chat', 2, {}, 's2')], 'chat')).toHaveLength(1)
  })
  it('shows recording from on to off, and to the end of the session where off is missing', () => {
    const marks = laneOf([entry('recording', 1, { on: true }), entry('recording', 10, { on: false }), entry('recording', 20, { on: true }), entry('session_ended', 90, { cause: 'completed' })], 'recording')
    expect(marks.map((m) => [m.startMs, m.endMs])).toEqual([[1000, 10_000], [20_000, 90_000]])
  })
  it('maps offsets to fractions', () => {
    expect(toFraction(25_000, 100_000)).toBe(0.25)
    expect(toFraction(5, 0)).toBe(0)
  })
  it('finds the entry at the playhead', () => {
    expect([-1, 10, 15, 99].map((now) => currentIndex([10, 15, 15, 40], now))).toEqual([-1, 0, 2, 3])
  })
  it('writes times and ticks for people', () => {
    expect([clockText(0), clockText(65_900), clockText(3_725_000)]).toEqual(['0:00', '1:05', '1:02:05'])
    expect(ticksOf(100_000, 10)).toHaveLength(11)
    expect(ticksOf(0)).toEqual([0])
  })
})

describe('presence', () => {
  const log = [presence(0, 'a', true, true), presence(20, 'b', true, false), presence(50, 'b', false, true), presence(60, 'b', true, false), entry('session_ended', 80, { cause: 'completed' })]

  it('marks the minutes with one inspector, up to the second one and again while that one is away', () => {
    const { marked } = presenceOf(log, 's1', ORIGIN + 100_000)
    expect(marked.map((s) => [s.startMs - ORIGIN, s.endMs - ORIGIN])).toEqual([[0, 20_000], [50_000, 60_000]])
    expect(totalMs(marked)).toBe(30_000)
  })
  it('ends every stretch with the session', () => {
    const { people } = presenceOf(log, 's1', ORIGIN + 100_000)
    expect(people.map((p) => p.stretches.at(-1)?.endMs)).toEqual([ORIGIN + 80_000, ORIGIN + 80_000])
    expect(people.find((p) => p.participant_id === 'b')?.stretches).toHaveLength(2)
  })
  it('counts up to now while the session is live', () => {
    expect(totalMs(presenceOf([presence(0, 'a', true, true)], 's1', ORIGIN + 7_000).marked)).toBe(7_000)
  })
  it('cuts lanes to the picture', () => {
    const lanes = presenceLanes([presence(-30, 'a', true, true), presence(-10, 'b', true, false), presence(500, 'b', false, true)], 's1', range)
    expect(lanes.people.map((p) => p.spans)).toEqual([[{ startMs: 0, endMs: 100_000 }], [{ startMs: 0, endMs: 100_000 }]])
    expect(lanes.marked).toEqual([])
  })
})
