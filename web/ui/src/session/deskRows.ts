/** Rows of the list of inspections, read from what the server sends. */
import type { CaseRow } from './deskApi'

export interface ListRow {
  id: string
  number: string
  state: string
  item: string
  premises: string
  applicant: string
  at: string | null
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value
  const name = (value as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : ''
}
function firstText(...values: unknown[]): string | null {
  return values.find((v): v is string => typeof v === 'string' && v !== '') ?? null
}

export function readRow(row: CaseRow): ListRow {
  return {
    id: row.id, number: row.number, state: row.state,
    item: nameOf(row.item_name) || nameOf(row.item), premises: nameOf(row.premises_name) || nameOf(row.premises), applicant: nameOf(row.applicant_name) || nameOf(row.applicant),
    at: firstText(row.updated_at, row.opened_at, row.created_at),
  }
}

/** The states that occur, each once, in order of appearance. */
export function statesOf(rows: ListRow[]): string[] {
  return [...new Set(rows.map((r) => r.state))]
}

export function rowsMatching(rows: ListRow[], text: string, state: string | null): ListRow[] {
  const wanted = text.trim().toLowerCase()
  const matches = (row: ListRow): boolean => [row.number, row.item, row.premises, row.applicant].some((v) => v.toLowerCase().includes(wanted))
  return rows.filter((row) => (state === null || row.state === state) && matches(row))
}
