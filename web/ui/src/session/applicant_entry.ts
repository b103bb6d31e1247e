/** What the way in hands on from page to page: the notice that was looked up, and what was agreed. */
import type { Notice } from './applicant_models'

let kept: Notice | null = null

export function keepNotice(notice: Notice): void {
  kept = notice
}

/** The notice of this token when it was looked up a moment ago; null otherwise. */
export function findKeptNotice(token: string): Notice | null {
  return kept?.token === token ? kept : null
}

const AGREED = 'ytk-agreed-position'

/** Remembers over reloads of this tab whether the position may be read; the server keeps the agreement itself. */
export function rememberAgreed(agreed: boolean): void {
  try {
    localStorage.setItem(AGREED, agreed ? 'yes' : 'no')
  } catch {
    // Storage forbidden: after a reload the answer counts as "no".
  }
}

/** Without a remembered "yes" the position is not read. */
export function hasAgreedPosition(): boolean {
  try {
    return localStorage.getItem(AGREED) === 'yes'
  } catch {
    return false
  }
}
