import { describe, expect, it, vi } from 'vitest'
import { Api } from './api'
import { ApiError, newKey, unwrap } from './problem'

function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const fetch = vi.fn(async (_url: RequestInfo | URL, _init?: RequestInit) => new Response(text, { status, headers }))
  return { fetch, api: new Api('applicant', { fetch: fetch as unknown as typeof globalThis.fetch, newKey: () => 'k' }) }
}

const headersOf = (fetch: ReturnType<typeof answering>['fetch']) => fetch.mock.calls.at(-1)?.[1]?.headers as Record<string, string>

describe('Api', () => {
  it('keeps the CSRF token of an answer and sends it with the next mutation', async () => {
    const { api, fetch } = answering(200, { csrf: 'abc', inspection_id: 'x' })
    await api.post('/invitations/redeem', {})
    expect(headersOf(fetch)['X-CSRF-Token']).toBeUndefined()
    await api.post('/findings/1/dispute', { text: '不同意' })
    expect(headersOf(fetch)).toMatchObject({ 'X-CSRF-Token': 'abc', 'Idempotency-Key': 'k' })
  })

  it('uses the key that the caller keeps for a repeat', async () => {
    const { api, fetch } = answering(200, {})
    await api.post('/x', {}, { key: 'mine' })
    expect(headersOf(fetch)['Idempotency-Key']).toBe('mine')
  })

  it('turns problem+json into a coded failure with its field', async () => {
    const { api } = answering(422, { code: 'code_wrong', detail: 'no', field: 'code' })
    expect(await api.post('/x')).toEqual({ ok: false, problem: { code: 'code_wrong', message: 'no', retryable: false, status: 422, field: 'code' } })
  })

  it('reads how long to wait', async () => {
    const { api } = answering(429, {}, { 'Retry-After': '30' })
    expect(await api.post('/x')).toMatchObject({ problem: { code: 'too_many_attempts', retry_after_s: 30 } })
  })

  it("takes a proxy's HTML page for what its status says", async () => {
    const { api } = answering(502, '<html>bad gateway</html>')
    expect(await api.get('/my')).toMatchObject({ problem: { code: 'unavailable', retryable: true } })
  })

  it('says that the network is unreachable instead of throwing', async () => {
    const api = new Api('applicant', { fetch: () => Promise.reject(new TypeError('failed')) })
    expect(await api.get('/my')).toMatchObject({ ok: false, problem: { code: 'network_unreachable', retryable: true } })
  })

  it('throws only on unwrap', async () => {
    const { api } = answering(404, { code: 'not_found' })
    const result = await api.get('/my')
    expect(() => unwrap(result)).toThrow(ApiError)
  })
})

it('makes keys of 128 bits', () => {
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
  expect(newKey()).not.toBe(newKey())
})
