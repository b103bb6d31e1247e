/** Answers to check items: when one is complete, and which stills speak for it. */
import type { StillRow } from '../protocol/reduce'
import type { CheckInput } from './deskConsole'
import type { CheckResult, Seen } from './deskModels'

export interface CheckAnswer {
  seen: Seen | null
  result: CheckResult | null
  note: string
  still_ids: string[]
}

/** Only what was seen clearly can pass. */
export function canPass(seen: Seen | null): boolean {
  return seen === null || seen === 'seen'
}

/** What to send for an answer, or null while a half is missing. What was not seen clearly needs no result. */
export function checkToSend(itemId: string, answer: CheckAnswer): CheckInput | null {
  const { seen, note, still_ids } = answer
  const wanted = answer.result === 'pass' && !canPass(seen) ? null : answer.result
  const result = wanted ?? (canPass(seen) ? null : 'na')
  return seen && result ? { item_id: itemId, seen, result, note: note.trim(), still_ids } : null
}

/** Stills taken for the item and stills attached to it, each once, oldest first. */
export function stillsOfItem(itemId: string, stills: StillRow[], attached: string[]): StillRow[] {
  return stills.filter((still) => still.itemId === itemId || attached.includes(still.id))
}
