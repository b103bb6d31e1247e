import { describe, expect, it } from 'vitest'
import { caseBody, caseFieldOf, checkCase, checkFinding, dateAfter, emptyCaseDraft, isMobile, isResidentId, isUscc, type CaseDraft } from './deskForms'

const USCC = '91350100M000100Y43'
const RESIDENT = '11010519491231002X'

function filled(): CaseDraft {
  return { ...emptyCaseDraft(), item_id: 'food_business', premises_name: '老街面馆', address: '人民路 108 号', applicant_name: '赵师傅', id_number: USCC, phone: '138 0000 0000', latitude: 30.27, longitude: 120.15 }
}

describe('identifiers', () => {
  it('accepts a social credit code with a right check character, whatever its case', () => {
    expect(isUscc(USCC)).toBe(true)
    expect(isUscc(USCC.toLowerCase())).toBe(true)
  })
  it('refuses a social credit code with one character changed, or with a letter outside the alphabet', () => {
    expect(isUscc('91350100M000100Y44')).toBe(false)
    expect(isUscc('9135010OM000100Y43')).toBe(false)
    expect(isUscc(USCC.slice(1))).toBe(false)
  })
  it('accepts a resident number with a right check character', () => {
    expect(isResidentId(RESIDENT)).toBe(true)
    expect(isResidentId(RESIDENT.toLowerCase())).toBe(true)
  })
  it('refuses a resident number with a wrong check character or without a real birthday', () => {
    expect(isResidentId('110105194912310021')).toBe(false)
    expect(isResidentId('110105194902300028')).toBe(false)
  })
  it('accepts a mobile number typed in groups and refuses a short one', () => {
    expect(isMobile('138 0000-0000')).toBe(true)
    expect(isMobile('1380000000')).toBe(false)
    expect(isMobile('12800000000')).toBe(false)
  })
})

describe('the case form', () => {
  it('has nothing to complain about when filled in', () => {
    expect(checkCase(filled())).toEqual({})
  })
  it('names every empty field', () => {
    expect(Object.keys(checkCase(emptyCaseDraft())).sort()).toEqual(['address', 'applicant_name', 'id_number', 'item_id', 'phone', 'premises_name'])
  })
  it('wants both halves of a position, inside the range', () => {
    expect(checkCase({ ...filled(), longitude: null }).position).toBe('position_incomplete')
    expect(checkCase({ ...filled(), latitude: 91 }).position).toBe('position_range')
  })
  it('wants a sensible radius and three corners', () => {
    expect(checkCase({ ...filled(), radius_m: 0 }).fence).toBe('radius_range')
    expect(checkCase({ ...filled(), fence_kind: 'polygon', points: [{ latitude: 1, longitude: 1 }] }).fence).toBe('polygon_short')
  })
  it('sends a circle only with a position, the number in capitals and the phone without spaces', () => {
    const body = caseBody({ ...filled(), id_number: USCC.toLowerCase() })
    expect(body).toMatchObject({ premises: { fence: { kind: 'circle', radius_m: 100 }, position: { datum: 'WGS84' } }, applicant: { id_number: USCC, phone: '13800000000' } })
    expect(caseBody({ ...filled(), latitude: null, longitude: null })).toMatchObject({ premises: { name: '老街面馆' } })
    expect((caseBody({ ...filled(), latitude: null, longitude: null }).premises as Record<string, unknown>).fence).toBeUndefined()
    expect(body).not.toHaveProperty('second_inspector_id')
  })
  it('finds the field that a refusal of the server belongs to', () => {
    expect(caseFieldOf('uscc_invalid', 'applicant.id_number')).toBe('id_number')
    expect(caseFieldOf('field_invalid', 'premises.fence.radius_m')).toBe('fence')
    expect(caseFieldOf('character_not_supported', 'premises.name')).toBe('premises_name')
    expect(caseFieldOf('storage_full', undefined)).toBeNull()
  })
})

describe('the finding form', () => {
  const draft = { text: '案板混用', severity: 'major' as const, clause: '第十二条', due_date: '2026-12-01' }
  it('accepts a due date of today and refuses one before', () => {
    expect(checkFinding(draft, '2026-12-01')).toEqual({})
    expect(checkFinding(draft, '2026-12-02')).toEqual({ due_date: 'due_date_past' })
  })
  it('wants text and clause', () => {
    expect(checkFinding({ ...draft, text: '  ', clause: '' }, '2026-11-01')).toEqual({ text: 'required', clause: 'required' })
  })
  it('counts days on the local calendar, over the end of a month', () => {
    expect(dateAfter(new Date(2026, 10, 28, 23, 59), 7)).toBe('2026-12-05')
  })
})
