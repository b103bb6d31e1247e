/** Keeps the screen on while the scope lives, where the browser can. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

interface Sentinel {
  release(): Promise<void>
}
type WakeLockNavigator = { wakeLock?: { request(type: 'screen'): Promise<Sentinel> } }

export function useWakeLock(nav: WakeLockNavigator = navigator as WakeLockNavigator, page: Document = document): { active: ShallowRef<boolean> } {
  const active = shallowRef(false)
  let sentinel: Sentinel | null = null
  const take = async (): Promise<void> => {
    if (page.visibilityState !== 'visible' || !nav.wakeLock) return
    try {
      sentinel = await nav.wakeLock.request('screen')
      active.value = true
    } catch {
      active.value = false // low battery: the phone decides
    }
  }
  const onVisible = (): void => void take() // the browser releases the lock whenever the page is hidden
  page.addEventListener('visibilitychange', onVisible)
  void take()
  onScopeDispose(() => {
    page.removeEventListener('visibilitychange', onVisible)
    void sentinel?.release().catch(() => undefined) // already released by the browser
  })
  return { active }
}
