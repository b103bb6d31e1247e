import { beforeEach, describe, expect, it } from 'vitest'
import { Api } from '@/protocol/api'
import { useMyCase } from './useMyCase'

let calls: { path: string; key: string }[]
let answers: Record<string, [number, unknown]>

const api = () =>
  new Api('applicant', {
    fetch: (url, init) => {
      const path = String(url)
      calls.push({ path, key: (init?.headers as Record<string, string>)['Idempotency-Key'] ?? '' })
      const [status, body] = answers[path] ?? [200, {}]
      return Promise.resolve(new Response(JSON.stringify(body), { status }))
    },
  })

const photo = new Blob(['x'], { type: 'image/jpeg' })
const keysOf = (path: string) => calls.filter((call) => call.path.endsWith(path)).map((call) => call.key)

beforeEach(() => {
  calls = []
  answers = { '/api/applicant/my': [200, { inspection: { id: 'x' }, session_id: null }] }
})

describe('useMyCase', () => {
  it('fetches the CSRF token first after a reload', async () => {
    await useMyCase(api()).load()
    expect(calls.map((call) => call.path)).toEqual(['/api/applicant/me', '/api/applicant/my'])
  })

  it('sends the same answer under the same key after a failure, and a changed one under another', async () => {
    answers['/api/applicant/findings/f1/rectifications'] = [507, { code: 'storage_full' }]
    const my = useMyCase(api())
    expect(await my.rectify('f1', '已配', photo)).toMatchObject({ code: 'storage_full' })
    await my.rectify('f1', '已配', photo)
    await my.rectify('f1', '已配两具', photo)
    const [first, second, third] = keysOf('rectifications')
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  it('reads the case again when the server has taken the answer', async () => {
    const my = useMyCase(api())
    expect(await my.dispute('f1', '不同意')).toBeNull()
    expect(my.mine.value?.inspection.id).toBe('x')
  })
})
