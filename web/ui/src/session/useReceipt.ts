/** The heads of one inspection's ledger, as this page holds them, and the receipt to take away. */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { HeadKeeper, type HeadState, type Heard } from '@/proof/heads'
import { KeptHeads } from '@/proof/kept_heads'
import { apiOf, type Api } from '@/protocol/api'
import type { ConsistencyView, ReceiptView } from '@/protocol/messages'
import type { Problem, Result } from '@/protocol/problem'
import type { Signaling } from '@/protocol/signaling'

export interface UseReceiptReturn {
  /** What this page has checked by itself. */
  heads: ShallowRef<HeadState>
  /** The newest receipt, ready to be shown. */
  receipt: ShallowRef<ReceiptView | null>
  problem: ShallowRef<Problem | null>
  loading: Ref<boolean>
  /** Asks for a receipt that covers everything there is now. */
  load(): Promise<void>
  /** Takes each head that the session's socket brings. */
  follow(signaling: Pick<Signaling, 'on'>): void
  pdfUrl(language: string): string
}

/** One for each inspection and page; heads are kept over pages by `kept`. */
export function useReceipt(api: Api, inspectionId: string, kept: KeptHeads = new KeptHeads()): UseReceiptReturn {
  const path = `/inspections/${inspectionId}/receipt`
  const receipt = shallowRef<ReceiptView | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const loading = ref(false)
  const source = {
    proof: (first: number, second: number) => texts(api.get<ConsistencyView>(`${path}/consistency?first=${first}&second=${second}`), ({ proof }) => proof),
    keys: () => texts(api.get<ReceiptView>(path), ({ keys }) => keys),
  }
  const keeper = new HeadKeeper(inspectionId, source, (state) => (heads.value = state), kept)
  const heads = shallowRef(keeper.state)
  void keeper.recall()

  async function load(): Promise<void> {
    loading.value = true
    const answer = await api.get<ReceiptView>(path)
    loading.value = false
    problem.value = answer.ok ? null : answer.problem
    if (!answer.ok) return
    receipt.value = answer.value
    await keeper.take({ line: answer.value.line, after: answer.value.size, proof: [] })
  }

  function follow(signaling: Pick<Signaling, 'on'>): void {
    onScopeDispose(signaling.on('checkpoint', (heard: Heard) => void keeper.take(heard)))
  }

  return { heads, receipt, problem, loading, load, follow, pdfUrl: (language) => api.url(`${path}.pdf?language=${language}`) }
}

export const useApplicantReceipt = (inspectionId: string): UseReceiptReturn => useReceipt(apiOf('applicant'), inspectionId)
export const useInspectorReceipt = (inspectionId: string): UseReceiptReturn => useReceipt(apiOf('inspector'), inspectionId)

/** A list of texts in an answer; anything else counts as no answer. */
async function texts<T>(answer: Promise<Result<T>>, read: (value: T) => unknown): Promise<Result<readonly string[]>> {
  const settled = await answer
  if (!settled.ok) return settled
  const value = read(settled.value)
  const fits = Array.isArray(value) && value.every((one) => typeof one === 'string')
  return fits ? { ok: true, value: value as string[] } : { ok: false, problem: { code: 'internal', message: 'no list of texts', retryable: false } }
}
