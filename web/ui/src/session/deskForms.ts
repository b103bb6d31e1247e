/** Checks of form for what an inspector types. They mirror the server's and only save a round trip; the server decides. */

const USCC_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const ID_CHECKS = '10X98765432'

/** Unified social credit code (GB 32100-2015): 18 characters with a check character, weights 3^i mod 31. */
export function isUscc(text: string): boolean {
  const code = text.trim().toUpperCase()
  if (code.length !== 18) return false
  const digits = [...code].map((c) => USCC_ALPHABET.indexOf(c))
  if (digits.some((d) => d < 0)) return false
  let weight = 1
  let sum = 0
  for (const digit of digits.slice(0, 17)) {
    sum += digit * weight
    weight = (weight * 3) % 31
  }
  return digits[17] === (31 - (sum % 31)) % 31
}

/** Resident identity number (GB 11643-1999): 17 digits with a real birth date, and a check character. */
export function isResidentId(text: string): boolean {
  const number = text.trim().toUpperCase()
  if (!/^[1-9]\d{16}[\dX]$/.test(number)) return false
  const sum = ID_WEIGHTS.reduce((total, weight, i) => total + weight * Number(number[i]), 0)
  return isRealDate(number.slice(6, 14)) && ID_CHECKS[sum % 11] === number[17]
}

function isRealDate(yyyymmdd: string): boolean {
  const [year, month, day] = [yyyymmdd.slice(0, 4), yyyymmdd.slice(4, 6), yyyymmdd.slice(6, 8)].map(Number) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  return year >= 1900 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** Mainland mobile number; spaces and dashes are allowed while typing. */
export function isMobile(text: string): boolean {
  return /^1[3-9]\d{9}$/.test(plainPhone(text))
}

function plainPhone(text: string): string {
  return text.replace(/[\s-]/g, '')
}

export interface CaseDraft {
  item_id: string
  premises_name: string
  address: string
  latitude: number | null
  longitude: number | null
  fence_kind: 'circle' | 'polygon' | 'none'
  radius_m: number
  points: { latitude: number; longitude: number }[]
  applicant_name: string
  id_kind: 'uscc' | 'resident_id'
  id_number: string
  phone: string
  second_inspector_id: string
}

export function emptyCaseDraft(): CaseDraft {
  return {
    item_id: '', premises_name: '', address: '', latitude: null, longitude: null, fence_kind: 'circle', radius_m: 100, points: [],
    applicant_name: '', id_kind: 'uscc', id_number: '', phone: '', second_inspector_id: '',
  }
}

export type CaseField =
  | 'item_id' | 'premises_name' | 'address' | 'position' | 'fence' | 'applicant_name' | 'id_number' | 'phone' | 'second_inspector_id'
export type FieldErrors<F extends string> = Partial<Record<F, string>>

/** The first complaint for each field, as an error code. Empty when the draft can be sent. */
export function checkCase(draft: CaseDraft): FieldErrors<CaseField> {
  const errors: FieldErrors<CaseField> = {}
  if (!draft.item_id) errors.item_id = 'required'
  if (!draft.premises_name.trim()) errors.premises_name = 'required'
  if (!draft.address.trim()) errors.address = 'required'
  if (!draft.applicant_name.trim()) errors.applicant_name = 'required'
  Object.assign(errors, checkPlace(draft))
  const idOk = draft.id_kind === 'uscc' ? isUscc(draft.id_number) : isResidentId(draft.id_number)
  if (!idOk) errors.id_number = draft.id_number.trim() ? (draft.id_kind === 'uscc' ? 'uscc_invalid' : 'id_number_invalid') : 'required'
  if (!isMobile(draft.phone)) errors.phone = draft.phone.trim() ? 'phone_invalid' : 'required'
  return errors
}

function checkPlace(draft: CaseDraft): FieldErrors<CaseField> {
  const { latitude, longitude } = draft
  if ((latitude === null) !== (longitude === null)) return { position: 'position_incomplete' }
  if (latitude !== null && longitude !== null && (Math.abs(latitude) > 90 || Math.abs(longitude) > 180)) return { position: 'position_range' }
  if (draft.fence_kind === 'circle' && latitude !== null && !(draft.radius_m >= 10 && draft.radius_m <= 20000)) return { fence: 'radius_range' }
  if (draft.fence_kind === 'polygon' && draft.points.length > 0 && draft.points.length < 3) return { fence: 'polygon_short' }
  return {}
}

/** The request body of `POST /api/inspector/inspections`. */
export function caseBody(draft: CaseDraft): Record<string, unknown> {
  const premises: Record<string, unknown> = { name: draft.premises_name.trim(), address: draft.address.trim() }
  if (draft.latitude !== null && draft.longitude !== null) {
    premises.position = { latitude: draft.latitude, longitude: draft.longitude, datum: 'WGS84' }
    if (draft.fence_kind === 'circle') premises.fence = { kind: 'circle', radius_m: draft.radius_m }
  }
  if (draft.fence_kind === 'polygon' && draft.points.length >= 3) premises.fence = { kind: 'polygon', points: draft.points }
  const body: Record<string, unknown> = {
    item_id: draft.item_id,
    premises,
    applicant: {
      name: draft.applicant_name.trim(), id_kind: draft.id_kind, id_number: draft.id_number.trim().toUpperCase(), phone: plainPhone(draft.phone),
    },
  }
  if (draft.second_inspector_id) body.second_inspector_id = draft.second_inspector_id
  return body
}

const SERVER_FIELDS: Record<string, CaseField> = {
  item_id: 'item_id', 'premises.name': 'premises_name', 'premises.address': 'address', 'premises.position': 'position', 'premises.fence': 'fence',
  'applicant.name': 'applicant_name', 'applicant.id_number': 'id_number', 'applicant.phone': 'phone', second_inspector_id: 'second_inspector_id',
  id_number: 'id_number', phone: 'phone', address: 'address', position: 'position', fence: 'fence', premises_name: 'premises_name',
  applicant_name: 'applicant_name',
}
const CODE_FIELDS: Record<string, CaseField> = { uscc_invalid: 'id_number', id_number_invalid: 'id_number', phone_invalid: 'phone' }

/** Which field of the case form a refusal of the server belongs to; null when it belongs to the form as a whole. */
export function caseFieldOf(code: string, field: string | undefined): CaseField | null {
  if (CODE_FIELDS[code]) return CODE_FIELDS[code]
  if (!field) return null
  return SERVER_FIELDS[field] ?? SERVER_FIELDS[field.split('.').slice(0, 2).join('.')] ?? null
}

export interface FindingDraft {
  text: string
  severity: 'minor' | 'major' | 'critical'
  clause: string
  due_date: string
}
export type FindingField = 'text' | 'severity' | 'clause' | 'due_date'

/** `today` is the local date as YYYY-MM-DD. */
export function checkFinding(draft: FindingDraft, today: string): FieldErrors<FindingField> {
  const errors: FieldErrors<FindingField> = {}
  if (!draft.text.trim()) errors.text = 'required'
  if (!draft.clause.trim()) errors.clause = 'required'
  if (!/^\d{4}-\d{2}-\d{2}$/.test(draft.due_date)) errors.due_date = 'required'
  else if (draft.due_date < today) errors.due_date = 'due_date_past'
  return errors
}

/** Local calendar date `days` after `now`, as YYYY-MM-DD. */
export function dateAfter(now: Date, days: number): string {
  const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
