/** The applicant's part in a call: session, own camera, place and device reports, and the way out. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { isInAppBrowser } from '@/rtc/permissions'
import { FixReporter, type PlaceState } from './fix_reporter'
import { useOwnCamera, type UseOwnCameraReturn } from './useOwnCamera'
import { useSession, type UseSessionReturn } from './useSession'

export interface UseApplicantCallReturn {
  call: UseSessionReturn
  camera: UseOwnCameraReturn
  place: ShallowRef<PlaceState>
  paused: Ref<boolean>
  /** Stopped here, whether or not the server has heard of it yet. */
  stopped: Ref<boolean>
  /** The server has acknowledged the stop. */
  stopSaved: Ref<boolean>
  ended: ComputedRef<boolean>
  start(): Promise<void>
  setMuted(muted: boolean): void
  stop(reason: string): Promise<void>
  leave(): Promise<void>
}

export function useApplicantCall(sessionId: string, agreedPosition: boolean): UseApplicantCallReturn {
  const call = useSession({ role: 'applicant', sessionId })
  const camera = useOwnCamera()
  const place = shallowRef<PlaceState>({ kind: 'waiting' })
  const paused = usePageHidden()
  const stopped = ref(false)
  const stopSaved = ref(false)
  const ended = computed(() => stopped.value || call.ended.value)
  if (wasMuted(sessionId)) call.setMuted(true)
  watch(call.muted, (muted) => rememberMuted(sessionId, muted))
  const fixes = new FixReporter({
    agreed: agreedPosition,
    datumUnverified: isInAppBrowser(navigator.userAgent),
    report: (body) => void call.act('fix:report', body),
    onState: (state) => (place.value = state),
  })

  let reported = ''

  /** Tells what has changed, once. */
  function reportDevice(): void {
    if (ended.value || camera.busy.value || call.link.value === 'idle') return
    const facing = !camera.video.value ? 'none' : camera.facing.value === 'environment' ? 'rear' : 'front'
    const still = paused.value || camera.interrupted.value
    const device = { camera: facing, muted: call.muted.value, paused: still, torch: camera.torch.value }
    if (reported === JSON.stringify(device)) return
    reported = JSON.stringify(device)
    void call.act('device:report', device)
  }

  /** Ends what this phone sends. */
  function hangUp(): void {
    fixes.stop()
    camera.close()
    call.live.stopMedia()
  }

  async function start(): Promise<void> {
    call.start()
    fixes.start()
    await camera.open()
    reportDevice()
  }

  /** The picture ends here and now; the server is told as soon as it can be reached. */
  async function stop(reason: string): Promise<void> {
    stopped.value = true
    hangUp()
    const result = await call.act('session:stop', reason ? { reason } : {})
    stopSaved.value = result.ok
  }

  async function leave(): Promise<void> {
    fixes.stop()
    camera.close()
    await call.leave()
  }

  watch(camera.stream, (stream) => stream && !ended.value && call.publish(stream))
  watch([camera.facing, camera.torch, camera.interrupted, call.muted, paused, camera.video, camera.busy], reportDevice)
  watch(call.ended, (over) => over && hangUp())
  onScopeDispose(() => fixes.stop())
  return { call, camera, place, paused, stopped, stopSaved, ended, start, setMuted: call.setMuted, stop, leave }
}

/** Who has muted themself stays muted over a reload of the tab. */
function wasMuted(sessionId: string): boolean {
  try {
    return sessionStorage.getItem(`ytk-muted-${sessionId}`) === 'yes'
  } catch {
    return false
  }
}

function rememberMuted(sessionId: string, muted: boolean): void {
  try {
    sessionStorage.setItem(`ytk-muted-${sessionId}`, muted ? 'yes' : 'no')
  } catch {
    // Storage forbidden: the page then starts unmuted, and says so.
  }
}

/** Whether the page is in the background, where phones freeze the camera. */
function usePageHidden(): Ref<boolean> {
  const hidden = ref(document.visibilityState === 'hidden')
  const onChange = (): void => void (hidden.value = document.visibilityState === 'hidden')
  document.addEventListener('visibilitychange', onChange)
  onScopeDispose(() => document.removeEventListener('visibilitychange', onChange))
  return hidden
}
