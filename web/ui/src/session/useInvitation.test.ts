import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { Api } from '@/protocol/api'
import { useInvitation, type UseInvitationReturn } from './useInvitation'

type Call = { path: string; body: Record<string, unknown>; key: string }

let calls: Call[]
let answers: [number, unknown][]
let scope: EffectScope

function make(): UseInvitationReturn {
  const fetch = async (url: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const key = (init?.headers as Record<string, string>)['Idempotency-Key'] ?? ''
    calls.push({ path: String(url), body: JSON.parse(String(init?.body)) as Record<string, unknown>, key })
    const [status, body] = answers.shift() ?? [200, {}]
    return new Response(JSON.stringify(body), { status })
  }
  return scope.run(() => useInvitation('tok', { api: new Api('applicant', { fetch: fetch as typeof globalThis.fetch }) }))!
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime('2026-01-01T08:00:00Z')
  calls = []
  answers = []
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('useInvitation', () => {
  it('keeps what was typed when the code was wrong, and says so by code', async () => {
    const invitation = make()
    invitation.code.value = '111111'
    answers = [[422, { code: 'code_wrong' }]]
    expect(await invitation.redeem()).toBe(false)
    expect([invitation.code.value, invitation.problem.value?.code]).toEqual(['111111', 'code_wrong'])
  })

  it('sends when the notice was read and what was agreed', async () => {
    const invitation = make()
    invitation.markTold()
    invitation.agree(true)
    vi.advanceTimersByTime(30_000)
    invitation.code.value = '123456'
    expect(await invitation.redeem()).toBe(true)
    expect(calls[0]?.body).toEqual({ token: 'tok', code: '123456', told_at: '2026-01-01T08:00:00.000Z', agreed_position: true })
  })

  it('repeats the same code under the same key and another code under another', async () => {
    const invitation = make()
    answers = [[503, {}], [503, {}], [503, {}]]
    invitation.code.value = '123456'
    await invitation.redeem()
    await invitation.redeem()
    invitation.code.value = '654321'
    await invitation.redeem()
    expect(calls[0]?.key).toBe(calls[1]?.key)
    expect(calls[2]?.key).not.toBe(calls[1]?.key)
  })

  it('counts down until another code may be asked for', async () => {
    const invitation = make()
    answers = [[200, { sent_to: '138****5678', retry_after_s: 60 }]]
    await invitation.sendCode()
    expect([invitation.sentTo.value, invitation.waitS.value]).toEqual(['138****5678', 60])
    vi.advanceTimersByTime(59_500)
    expect(invitation.waitS.value).toBe(1)
    vi.advanceTimersByTime(500)
    expect(invitation.waitS.value).toBe(0)
  })

  it('does not call it an error when a code was sent a moment ago', async () => {
    const invitation = make()
    answers = [[429, { code: 'too_many_attempts', retry_after_s: 40 }]]
    await invitation.sendCode()
    expect([invitation.problem.value, invitation.waitS.value]).toEqual([null, 40])
  })

  it('tells of a long lock', async () => {
    const invitation = make()
    answers = [[429, { code: 'too_many_attempts', retry_after_s: 3_000 }]]
    await invitation.sendCode()
    expect(invitation.problem.value?.code).toBe('too_many_attempts')
  })

  it.each(['invitation_unknown', 'invitation_used', 'invitation_expired', 'invitation_revoked'])('shows %s and consumes nothing', async (code) => {
    const invitation = make()
    answers = [[410, { code }]]
    expect(await invitation.lookUp()).toBe(false)
    expect(invitation.problem.value?.code).toBe(code)
    expect(calls.map((call) => call.path)).toEqual(['/api/applicant/invitations/look-up'])
  })
})
