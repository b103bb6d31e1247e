/** What the way in hands on from page to page: the notice that was looked up, and what was agreed. */
import type { Api } from '@/protocol/api'
import type { Notice } from './applicant_models'

let kept: Notice | null = null

export function keepNotice(notice: Notice): void {
  kept = notice
}

/** The notice of this token when it was looked up a moment ago; null otherwise. */
export function findKeptNotice(token: string): Notice | null {
  return kept?.token === token ? kept : null
}

/** A flag of this browser; false where nothing is kept. */
function isKept(name: string): boolean {
  try {
    return localStorage.getItem(name) === 'yes'
  } catch {
    return false
  }
}

function keep(name: string, value: boolean): void {
  try {
    localStorage.setItem(name, value ? 'yes' : 'no')
  } catch {
    // Storage forbidden: the flag counts as "no" after a reload.
  }
}

const AGREED = 'ytk-agreed-position'

/** Remembers over reloads whether the position may be read; the server keeps the agreement itself. */
export function rememberAgreed(agreed: boolean): void {
  keep(AGREED, agreed)
}

/** Without a remembered "yes" the position is not read. */
export function hasAgreedPosition(): boolean {
  return isKept(AGREED)
}

const CAME_IN = 'ytk-came-in'

/** Remembers that this browser came in with a code, so that strangers' browsers are not asked who they are. */
export function rememberCameIn(cameIn: boolean): void {
  keep(CAME_IN, cameIn)
}

/** Whether this browser came in and the server still knows it. */
export async function isStillIn(api: Api): Promise<boolean> {
  return isKept(CAME_IN) && (await api.me()).ok
}
