/** Who sits at the desk. One composable for both roles; a page without a valid login goes to the sign-in page and comes back. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { ApiError } from '../protocol/problem'
import { DeskApi } from './deskApi'
import type { DeskRole, DeskUser, MapSource } from './deskModels'

export interface Desk {
  api: DeskApi
  user: ShallowRef<DeskUser | null>
  map: ShallowRef<MapSource | null>
  ready: Ref<boolean>
  problem: ShallowRef<unknown>
  /** Loads who is signed in; resolves false when the person was sent to the sign-in page. */
  enter: () => Promise<boolean>
  signOut: () => Promise<void>
  /** True when the error meant "not signed in" and the page is being left. */
  leaveIfSignedOut: (error: unknown) => boolean
}

export function loginPath(role: DeskRole): string {
  return role === 'inspector' ? '/office/login' : '/audit/login'
}
export function homePath(role: DeskRole): string {
  return role === 'inspector' ? '/office' : '/audit'
}

/** A path of this role to return to after signing in; anything else becomes the role's home. */
export function safeReturn(role: DeskRole, path: unknown): string {
  const home = homePath(role)
  return typeof path === 'string' && (path === home || path.startsWith(`${home}/`)) && path !== loginPath(role) ? path : home
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 'not_authenticated' || error.status === 401)
}

export function useDesk(role: DeskRole): Desk {
  const api = new DeskApi(role)
  const router = useRouter()
  const user = shallowRef<DeskUser | null>(null)
  const map = shallowRef<MapSource | null>(null)
  const ready = ref(false)
  const problem = shallowRef<unknown>(null)

  function leaveIfSignedOut(error: unknown): boolean {
    if (!isSignedOut(error)) return false
    void router.replace({ path: loginPath(role), query: { to: router.currentRoute.value.fullPath } })
    return true
  }
  async function enter(): Promise<boolean> {
    problem.value = null
    try {
      const me = await api.me()
      user.value = me.user
      map.value = me.map ?? null
      ready.value = true
      return true
    } catch (error) {
      if (!leaveIfSignedOut(error)) problem.value = error
      return false
    }
  }
  async function signOut(): Promise<void> {
    await api.logout().catch((error: unknown) => {
      problem.value = error
    })
    await router.replace(loginPath(role))
  }
  return { api, user, map, ready, problem, enter, signOut, leaveIfSignedOut }
}
