import { describe, expect, it } from 'vitest'
import type { Participant } from '../protocol/events'
import type { SignatureRow, StillRow } from '../protocol/reduce'
import { canPass, checkToSend, stillsOfItem } from './deskChecks'
import { groupCode, svgSource } from './deskInvitation'
import type { CaseRow, Detail } from './deskModels'
import { rangeOf } from './deskReplay'
import { rowsMatching, statesOf } from './deskRows'
import { safeReturn } from './deskSignIn'
import { signersOf } from './deskSummary'
import { checkVisit, localMinute, visitBody, visitLines } from './deskVisit'

describe('check answers', () => {
  const blank = { seen: null, result: null, note: '', still_ids: [] }
  it('waits for both halves of an answer', () => {
    expect(checkToSend('a', blank)).toBeNull()
    expect(checkToSend('a', { ...blank, seen: 'seen' })).toBeNull()
    expect(checkToSend('a', { ...blank, result: 'pass' })).toBeNull()
  })
  it('sends at once what was not seen clearly, without a result', () => {
    expect(checkToSend('a', { ...blank, seen: 'not_shown' })).toMatchObject({ seen: 'not_shown', result: 'na' })
  })
  it('never passes what was not seen clearly', () => {
    expect(canPass('unclear')).toBe(false)
    expect(checkToSend('a', { ...blank, seen: 'unclear', result: 'pass' })?.result).toBe('na')
    expect(checkToSend('a', { ...blank, seen: 'unclear', result: 'fail' })?.result).toBe('fail')
  })
  it('shows stills taken for an item and stills attached to it, each once', () => {
    const stills = [{ id: '1', itemId: 'a' }, { id: '2', itemId: null }, { id: '3', itemId: 'b' }] as StillRow[]
    expect(stillsOfItem('a', stills, ['1', '2']).map((s) => s.id)).toEqual(['1', '2'])
  })
})

describe('signers', () => {
  const person = (id: string, role: string, name: string): Participant => ({ id, role, name, unit: '', badge: '', present: true, muted: false })
  const signature = (id: string, role: string, name: string): SignatureRow => ({ seq: 1, at: '', actor: { id, role, name, level: '' }, decision: 'signed', statement: '' })

  it('lists everyone who has to sign, with what they decided', () => {
    const signers = signersOf([person('p1', 'inspector', '王'), person('p2', 'inspector', '李'), person('p3', 'applicant', '赵')], [signature('u2', 'inspector', '李')], ['u1', 'p1'])
    expect(signers.map((s) => [s.name, s.own, s.signature?.decision ?? null])).toEqual([['王', true, null], ['李', false, 'signed'], ['赵', false, null]])
  })
  it('keeps the signature of somebody who has gone', () => {
    expect(signersOf([], [signature('u9', 'inspector', '孙')], ['u1']).map((s) => s.name)).toEqual(['孙'])
  })
  it('gives one signature to one of two people of the same name', () => {
    const signers = signersOf([person('p1', 'inspector', '王'), person('p2', 'inspector', '王')], [signature('u1', 'inspector', '王')], [])
    expect(signers.filter((s) => s.signature)).toHaveLength(1)
  })
})

describe('the site visit', () => {
  const detail = { item: { items: [{ id: 'a', title: '招牌', clause: 'c', hint: '' }] }, findings: [{ id: 'f', text: '案板', clause: 'c', state: 'open' }, { id: 'g', text: '地漏', clause: 'c', state: 'confirmed' }] } as unknown as Detail
  const now = new Date(2026, 10, 24, 10, 0)

  it('lists every statutory item and every finding that is not confirmed yet, with no answer given', () => {
    expect(visitLines(detail).map((l) => [l.kind, l.id, l.confirmed])).toEqual([['finding', 'f', null], ['item', 'a', null]])
  })
  it('counts lines without an answer and refuses a visit in the future or without visitors', () => {
    const draft = { visited_at: localMinute(new Date(2026, 10, 24, 10, 1)), visitors: [' '], lines: visitLines(detail) }
    expect(checkVisit(draft, now)).toEqual({ visited_at: 'visited_at_future', visitors: 'visitors', lines: 2 })
  })
  it('sends what was answered, under the right names', () => {
    const lines = visitLines(detail).map((l) => ({ ...l, confirmed: l.kind === 'item', note: ' 好 ' }))
    const draft = { visited_at: localMinute(now), visitors: ['孙工', ''], lines }
    expect(checkVisit(draft, now)).toEqual({})
    expect(visitBody(draft)).toEqual({ visited_at: now.toISOString(), visitors: ['孙工'], items: [{ finding_id: 'f', confirmed: false, note: '好' }, { item_id: 'a', confirmed: true, note: '好' }] })
  })
})

describe('small readings', () => {
  it('groups a pick-up code as it is read aloud', () => {
    expect(groupCode('48271935')).toBe('4827-1935')
    expect(groupCode('4827-1935')).toBe('4827-1935')
    expect(groupCode('123')).toBe('123')
  })
  it('shows an SVG as a picture, where nothing in it can run', () => {
    expect(svgSource('<svg onload="x()"/>')).toMatch(/^data:image\/svg\+xml;charset=utf-8,%3Csvg/)
    expect(svgSource('data:image/svg+xml,x')).toBe('data:image/svg+xml,x')
  })
  it('filters rows by text and state', () => {
    const row = (id: string, state: CaseRow['state'], premises_name: string): CaseRow => ({ id, item_id: 'food_business', number: `LJ-${id}`, state, item_name: '食品', premises_name, applicant_name: '赵', opened_at: '2026-11-24T02:00:00.000Z' })
    const rows = [row('1', 'opened', '面馆'), row('2', 'concluded', '泳馆')]
    expect(statesOf(rows)).toEqual(['opened', 'concluded'])
    expect(rowsMatching(rows, '泳', null).map((r) => r.id)).toEqual(['2'])
    expect(rowsMatching(rows, 'lj', 'opened').map((r) => r.id)).toEqual(['1'])
  })
  it('returns after signing in only to a page of the same role', () => {
    expect(safeReturn('inspector', '/office/inspections/1')).toBe('/office/inspections/1')
    expect(safeReturn('inspector', '//evil.example/office')).toBe('/office')
    expect(safeReturn('auditor', '/office')).toBe('/audit')
    expect(safeReturn('auditor', '/audit/login')).toBe('/audit')
  })
  it('spans a session without a recording from its begin to its end', () => {
    const session = { id: 's', number: 1, nature: 'guidance' as const, started_at: '2026-11-24T02:00:00.000Z', ended_at: '2026-11-24T02:01:00.000Z', origin_at: null, duration_ms: null, media_url: null, state: 'none' as const, copies: [] }
    expect(rangeOf(session).durationMs).toBe(60_000)
    expect(rangeOf({ ...session, origin_at: '2026-11-24T02:00:02.000Z', duration_ms: 55_000 })).toEqual({ originMs: Date.parse('2026-11-24T02:00:02.000Z'), durationMs: 55_000 })
    expect(rangeOf(null).durationMs).toBe(0)
  })
})
