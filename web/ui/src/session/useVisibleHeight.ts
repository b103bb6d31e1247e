/** Height of what is really visible, in pixels: phones put the keyboard over the page without telling its layout. */
import { onScopeDispose, ref, type Ref } from 'vue'

export function useVisibleHeight(view: VisualViewport | null = window.visualViewport): Ref<number> {
  const height = ref(view?.height ?? window.innerHeight)
  const onResize = (): void => {
    height.value = view?.height ?? window.innerHeight
    window.scrollTo(0, 0) // iOS scrolls a fixed page up to show the input
  }
  view?.addEventListener('resize', onResize)
  onScopeDispose(() => view?.removeEventListener('resize', onResize))
  return height
}
