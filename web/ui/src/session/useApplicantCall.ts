/** The applicant's part in a call: session, own camera, place and device reports, and the way out. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Problem } from '@/protocol/problem'
import { isInAppBrowser } from '@/rtc/permissions'
import { FixReporter, type PlaceState } from './fix_reporter'
import { useOwnCamera, type UseOwnCameraReturn } from './useOwnCamera'
import { useSession, type UseSessionReturn } from './useSession'

export interface UnsentLine {
  text: string
  problem: Problem
}

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
  /** The same person has opened the call on another page, which has it now. */
  elsewhere: Ref<boolean>
  /** Lines that the server refused; they are kept to be sent again. */
  unsent: ShallowRef<readonly UnsentLine[]>
  say(text: string): Promise<void>
  sayAgain(line: UnsentLine): Promise<void>
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
  const elsewhere = ref(false)
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
  let hadCamera = false

  /** Tells what has changed, once. While another camera is being opened the picture stands still for that reason. */
  function reportDevice(): void {
    const isFirst = camera.busy.value && !hadCamera
    if (ended.value || isFirst || call.link.value === 'idle') return
    hadCamera ||= camera.video.value !== null
    const facing = camera.busy.value ? 'switching' : !camera.video.value ? 'none' : camera.facing.value === 'environment' ? 'rear' : 'front'
    const still = paused.value || camera.interrupted.value
    const device = { camera: facing, muted: call.muted.value, paused: still, torch: camera.torch.value, weak_uplink: call.weakUplink.value }
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
    if (call.live.signaling.waiting.some((act) => act.event === 'session:stop')) {
      stopped.value = true // pressed before a reload, and not acknowledged yet: nothing is sent any more
      return
    }
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

  function giveWay(): void {
    elsewhere.value = true
    hangUp()
    call.live.close()
  }

  async function leave(): Promise<void> {
    fixes.stop()
    camera.close()
    await call.leave()
  }

  watch(camera.stream, (stream) => stream && !ended.value && call.publish(stream))
  watch([camera.facing, camera.torch, camera.interrupted, call.muted, call.weakUplink, paused, camera.video, camera.busy], reportDevice)
  watch(call.link, (link) => {
    if (link === 'joined') reported = '' // a server that was started anew knows nothing of this device
    reportDevice()
  })
  watch(call.ended, (over) => {
    if (!over) return
    stopSaved.value = true
    hangUp()
  })
  watch(call.problem, (problem) => problem?.code === 'joined_elsewhere' && giveWay())
  onScopeDispose(() => fixes.stop())
  const words = useWords(call)
  return { call, camera, place, paused, stopped, stopSaved, ended, elsewhere, ...words, start, setMuted: call.setMuted, stop, leave }
}

type Words = Pick<UseApplicantCallReturn, 'unsent' | 'say' | 'sayAgain'>

function useWords(call: UseSessionReturn): Words {
  const unsent = shallowRef<readonly UnsentLine[]>([])
  const keep = (text: string, problem: Problem): void => void (unsent.value = [...unsent.value, { text, problem }])
  const say = async (text: string): Promise<void> => {
    const result = await call.act('chat:send', { text })
    if (!result.ok && result.problem.code !== 'offline') keep(text, result.problem) // offline: stored for the next page
  }
  const sayAgain = (line: UnsentLine): Promise<void> => {
    unsent.value = unsent.value.filter((known) => known !== line)
    return say(line.text)
  }
  onScopeDispose(call.live.signaling.onUnsent((act, problem) => keep(String(act.body.text ?? ''), problem)))
  return { unsent, say, sayAgain }
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
