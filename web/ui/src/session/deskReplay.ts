/** One session's replay: what there is to play, the playhead, and the case as it was at that moment. */
import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Entry } from '../protocol/entries'
import { Timeline, type CaseState, type SessionState } from '../protocol/reduce'
import type { ReplaySession } from './deskModels'
import { clamp, lanesOf, presenceLanes, type Lane, type PresenceLane, type Range, type Span } from './deskTimeline'

export interface Replay {
  range: ComputedRef<Range>
  nowMs: Ref<number>
  playing: Ref<boolean>
  lanes: ComputedRef<Lane[]>
  presence: ComputedRef<{ people: PresenceLane[]; marked: Span[] }>
  /** The session as it stood at the playhead, and as it ended. */
  state: ComputedRef<SessionState | null>
  last: ComputedRef<SessionState | null>
  caseState: ComputedRef<CaseState>
  element: ShallowRef<HTMLVideoElement | null>
  rate: Ref<number>
  toggle: () => void
  seek: (offsetMs: number) => void
  /** Listeners for the video element. */
  onTime: () => void
  onState: () => void
}

/** Kinds that nobody acts on; left out of the state and, at first, of the list. */
const PLUMBING = new Set(['segment', 'recovered', 'track', 'connected', 'torn', 'clock'])
/** Not in the list at first: what is told every few seconds too. */
export const UNLISTED = new Set([...PLUMBING, 'signatures'])

/** What the picture spans; a session without a recording spans its begin and end. */
export function rangeOf(session: ReplaySession | null): Range {
  const origin = session?.origin_at ?? session?.started_at
  if (!session || !origin) return { originMs: 0, durationMs: 0 }
  const originMs = Date.parse(origin)
  const untilMs = session.ended_at ? Date.parse(session.ended_at) : originMs
  return { originMs, durationMs: session.duration_ms ?? Math.max(0, untilMs - originMs) }
}

export function useReplay(session: Ref<ReplaySession | null>, entries: Ref<Entry[]>): Replay {
  const nowMs = ref(0)
  const playing = ref(false)
  const rate = ref(1)
  const element = shallowRef<HTMLVideoElement | null>(null)
  const range = computed(() => rangeOf(session.value))
  const id = computed(() => session.value?.id ?? '')
  const acts = computed(() => new Timeline(entries.value.filter((e) => !PLUMBING.has(e.kind))))
  const caseState = computed(() => acts.value.stateAt(range.value.originMs + nowMs.value))
  let frame = 0

  function follow(): void {
    if (element.value) nowMs.value = element.value.currentTime * 1000
    frame = playing.value ? requestAnimationFrame(follow) : 0
  }
  function seek(offsetMs: number): void {
    nowMs.value = clamp(offsetMs, 0, range.value.durationMs)
    if (element.value) element.value.currentTime = nowMs.value / 1000
  }
  function toggle(): void {
    const video = element.value
    if (!video) return
    video.playbackRate = rate.value
    if (video.paused) void video.play()
    else video.pause()
  }
  function onState(): void {
    playing.value = element.value ? !element.value.paused && !element.value.ended : false
    if (playing.value && frame === 0) frame = requestAnimationFrame(follow)
  }
  onScopeDispose(() => cancelAnimationFrame(frame))
  return {
    range, nowMs, playing, rate, element, toggle, seek, onState, caseState,
    onTime: () => {
      if (element.value && !element.value.seeking) nowMs.value = element.value.currentTime * 1000
    },
    lanes: computed(() => lanesOf(entries.value, id.value, range.value)),
    presence: computed(() => presenceLanes(entries.value, id.value, range.value)),
    state: computed(() => caseState.value.sessions[id.value] ?? null),
    last: computed(() => acts.value.stateAt(Infinity).sessions[id.value] ?? null),
  }
}
