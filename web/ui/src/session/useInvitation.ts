/** The way in by one link or code: look it up, be told, agree, prove the phone number. Opening it consumes nothing. */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { apiOf, type Api } from '@/protocol/api'
import { newKey, type Problem } from '@/protocol/problem'
import { findKeptNotice, rememberAgreed, rememberCameIn } from './applicant_entry'
import type { Notice, Redeemed } from './applicant_models'

export interface UseInvitationReturn {
  notice: ShallowRef<Notice | null>
  problem: ShallowRef<Problem | null>
  busy: Ref<boolean>
  code: Ref<string>
  sentTo: Ref<string>
  /** Seconds until another code may be asked for; 0 when it may. */
  waitS: Ref<number>
  agreedPosition: Ref<boolean>
  lookUp(): Promise<boolean>
  markTold(): void
  agree(position: boolean): void
  sendCode(): Promise<boolean>
  redeem(): Promise<boolean>
}

export interface UseInvitationOptions {
  api?: Api
  now?: () => number
}

export function useInvitation(token: string, options: UseInvitationOptions = {}): UseInvitationReturn {
  const api = options.api ?? apiOf('applicant')
  const now = options.now ?? Date.now
  const notice = shallowRef<Notice | null>(findKeptNotice(token))
  const problem = shallowRef<Problem | null>(null)
  const busy = ref(false)
  const code = ref('')
  const sentTo = ref('')
  const agreedPosition = ref(false)
  const { waitS, waitFor } = useWait(now)
  let toldAt = ''
  let redeemKey = ''
  let redeemedCode = ''

  async function during<T>(act: () => Promise<T>): Promise<T> {
    busy.value = true
    problem.value = null
    try {
      return await act()
    } finally {
      busy.value = false
    }
  }

  const lookUp = (): Promise<boolean> =>
    during(async () => {
      const result = await api.post<Notice>('/invitations/look-up', { token })
      if (result.ok) notice.value = result.value
      else problem.value = result.problem
      return result.ok
    })

  const sendCode = (): Promise<boolean> =>
    during(async () => {
      const result = await api.post<{ sent_to: string; retry_after_s: number }>('/invitations/send-code', { token })
      if (result.ok) {
        sentTo.value = result.value.sent_to
        waitFor(result.value.retry_after_s)
        return true
      }
      waitFor(result.problem.retry_after_s ?? 0)
      if (isTooSoon(result.problem)) sentTo.value ||= notice.value?.phone_masked ?? ''
      else problem.value = result.problem
      return false
    })

  const redeem = (): Promise<boolean> =>
    during(async () => {
      if (redeemedCode !== code.value) redeemKey = newKey() // the same code again is the same act
      redeemedCode = code.value
      const body = { token, code: code.value, told_at: toldAt, agreed_position: agreedPosition.value }
      const result = await api.post<Redeemed>('/invitations/redeem', body, { key: redeemKey })
      if (result.ok) rememberCameIn(true)
      else problem.value = result.problem
      return result.ok
    })

  const agree = (position: boolean): void => {
    agreedPosition.value = position
    rememberAgreed(position)
  }
  const markTold = (): void => void (toldAt = new Date(now()).toISOString())
  return { notice, problem, busy, code, sentTo, waitS, agreedPosition, lookUp, markTold, agree, sendCode, redeem }
}

/** The code that was sent a moment ago still holds (the page was reloaded, say): no reason to frighten anyone. */
function isTooSoon({ code, retry_after_s: wait }: Problem): boolean {
  return code === 'too_many_attempts' && wait !== undefined && wait <= 120
}

function useWait(now: () => number): { waitS: Ref<number>; waitFor: (seconds: number) => void } {
  const waitS = ref(0)
  let untilMs = 0
  let timer: ReturnType<typeof setInterval> | undefined
  const tick = (): void => {
    waitS.value = Math.max(0, Math.ceil((untilMs - now()) / 1000))
    if (waitS.value === 0) clearInterval(timer)
  }
  const waitFor = (seconds: number): void => {
    clearInterval(timer)
    untilMs = now() + seconds * 1000
    timer = setInterval(tick, 500)
    tick()
  }
  onScopeDispose(() => clearInterval(timer))
  return { waitS, waitFor }
}
