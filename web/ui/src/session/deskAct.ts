/** One act of a form: a key that stays until the act succeeded or its content changed, a busy flag, and the refusal. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { newKey } from '../protocol/problem'

export interface Act {
  busy: Ref<boolean>
  refusal: ShallowRef<unknown>
  /** Runs the act unless it runs already. Resolves true when it succeeded. */
  run: (act: (key: string) => Promise<unknown>) => Promise<boolean>
  /** The content has changed: what is sent next is another act. */
  changed: () => void
}

export function useAct(makeKey: () => string = newKey): Act {
  const busy = ref(false)
  const refusal = shallowRef<unknown>(null)
  let key = makeKey()

  async function run(act: (key: string) => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    refusal.value = null
    try {
      await act(key)
      key = makeKey()
      return true
    } catch (error) {
      refusal.value = error
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, refusal, run, changed: () => (key = makeKey()) }
}
