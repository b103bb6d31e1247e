/** The applicant's own case: read it, answer its findings, disagree with them. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { apiOf, type Api } from '@/protocol/api'
import { newKey, type Problem } from '@/protocol/problem'
import { rememberCameIn } from './applicant_entry'
import type { MyCase } from './applicant_models'

/** What an answer shows: a new photo, or a session held since the finding. */
export type Evidence = Blob | { sessionId: string }

export interface UseMyCaseReturn {
  mine: ShallowRef<MyCase | null>
  problem: ShallowRef<Problem | null>
  loading: Ref<boolean>
  load(): Promise<void>
  /** Sends the answer; null when the server has it. The same answer sent again is the same act. */
  rectify(findingId: string, text: string, evidence: Evidence): Promise<Problem | null>
  dispute(findingId: string, text: string): Promise<Problem | null>
  signOut(): Promise<void>
}

export function useMyCase(api: Api = apiOf('applicant')): UseMyCaseReturn {
  const mine = shallowRef<MyCase | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const loading = ref(false)
  const keys = new Map<string, string>()

  async function load(): Promise<void> {
    loading.value = true
    if (!api.csrf) await api.me() // a failure shows in the next answer
    const result = await api.get<MyCase>('/my')
    loading.value = false
    problem.value = result.ok ? null : result.problem
    if (result.ok) mine.value = result.value
  }

  /** One key for one content, so that a repeat after a lost answer does not act twice. */
  function keyOf(...content: (string | number)[]): string {
    const name = content.join('\n')
    const key = keys.get(name) ?? newKey()
    keys.set(name, key)
    return key
  }

  async function rectify(findingId: string, text: string, evidence: Evidence): Promise<Problem | null> {
    const form = new FormData()
    form.append('text', text)
    if (evidence instanceof Blob) form.append('photo', evidence, nameOf(evidence))
    else form.append('session_id', evidence.sessionId)
    const named = evidence instanceof Blob ? [evidence.size, evidence.type] : [evidence.sessionId]
    const key = keyOf('rectify', findingId, text, ...named)
    const result = await api.postForm(`/findings/${findingId}/rectifications`, form, { key })
    return result.ok ? done() : result.problem
  }

  async function dispute(findingId: string, text: string): Promise<Problem | null> {
    const result = await api.post(`/findings/${findingId}/dispute`, { text }, { key: keyOf('dispute', findingId, text) })
    return result.ok ? done() : result.problem
  }

  async function done(): Promise<null> {
    keys.clear()
    await load()
    return null
  }

  async function signOut(): Promise<void> {
    await api.post('/logout')
    rememberCameIn(false)
    api.csrf = ''
    mine.value = null
  }

  return { mine, problem, loading, load, rectify, dispute, signOut }
}

function nameOf(photo: Blob): string {
  return photo.type === 'image/png' ? 'photo.png' : 'photo.jpg'
}
