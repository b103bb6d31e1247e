/** The inspections that a desk lists, loaded once its person is signed in. */
import { onMounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { CaseRow } from './deskModels'
import type { useDesk } from './deskSignIn'

export interface UseDeskCasesReturn {
  /** Null until they have been loaded. */
  rows: ShallowRef<CaseRow[] | null>
  /** Why the last try failed. */
  problem: Ref<unknown>
  load(): Promise<void>
}

export function useDeskCases(desk: ReturnType<typeof useDesk>): UseDeskCasesReturn {
  const rows = shallowRef<CaseRow[] | null>(null)
  const problem = ref<unknown>(null)

  async function load(): Promise<void> {
    problem.value = null
    try {
      rows.value = await desk.api.inspections()
    } catch (error) {
      if (!desk.leaveIfSignedOut(error)) problem.value = error
    }
  }

  onMounted(async () => {
    if (await desk.enter()) await load()
  })
  return { rows, problem, load }
}
