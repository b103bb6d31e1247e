/** The list of inspections: search by text, choice of state. */
import type { CaseRow } from './deskModels'

/** The states that occur, each once, in order of appearance. */
export function statesOf(rows: CaseRow[]): string[] {
  return [...new Set(rows.map((r) => r.state))]
}

export function rowsMatching(rows: CaseRow[], text: string, state: string | null): CaseRow[] {
  const wanted = text.trim().toLowerCase()
  const matches = (row: CaseRow): boolean => [row.number, row.item_name, row.premises_name, row.applicant_name].some((v) => v.toLowerCase().includes(wanted))
  return rows.filter((row) => (state === null || row.state === state) && matches(row))
}
