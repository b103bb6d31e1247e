/** The form of a site visit: all statutory items, all findings, no answer given beforehand. */
import type { Detail, VisitBody } from './deskModels'

export interface VisitLine {
  kind: 'finding' | 'item'
  id: string
  title: string
  clause: string
  confirmed: boolean | null
  note: string
}
export interface VisitDraft {
  /** Local time as `YYYY-MM-DDTHH:MM`. */
  visited_at: string
  visitors: string[]
  lines: VisitLine[]
}
export interface VisitErrors {
  visited_at?: string
  visitors?: string
  /** How many lines have no answer. */
  lines?: number
}

export function visitLines(detail: Detail): VisitLine[] {
  const findings = detail.findings
    .filter((f) => f.state !== 'confirmed')
    .map((f): VisitLine => ({ kind: 'finding', id: f.id, title: f.text, clause: f.clause, confirmed: null, note: '' }))
  const items = detail.item.items.map((i): VisitLine => ({ kind: 'item', id: i.id, title: i.title, clause: i.clause, confirmed: null, note: '' }))
  return [...findings, ...items]
}

/** Local minute of `now` as a `datetime-local` field wants it. */
export function localMinute(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T${two(now.getHours())}:${two(now.getMinutes())}`
}

export function checkVisit(draft: VisitDraft, now: Date): VisitErrors {
  const errors: VisitErrors = {}
  const at = Date.parse(draft.visited_at)
  if (Number.isNaN(at)) errors.visited_at = 'required'
  else if (at > now.getTime()) errors.visited_at = 'visited_at_future'
  if (!draft.visitors.some((name) => name.trim())) errors.visitors = 'visitors'
  const open = draft.lines.filter((line) => line.confirmed === null).length
  if (open > 0) errors.lines = open
  return errors
}

export function visitBody(draft: VisitDraft): VisitBody {
  return {
    visited_at: new Date(draft.visited_at).toISOString(),
    visitors: draft.visitors.map((name) => name.trim()).filter(Boolean),
    items: draft.lines.map((line) => ({
      ...(line.kind === 'finding' ? { finding_id: line.id } : { item_id: line.id }), confirmed: line.confirmed === true, note: line.note.trim(),
    })),
  }
}
