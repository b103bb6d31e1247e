/** The inspector's side of a live session: `useSession` plus what only the console does. Acts resolve to a problem or null. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Entry } from '../protocol/entries'
import type { Problem, Result } from '../protocol/problem'
import type { FixRow, NoFixRow, StillRow } from '../protocol/reduce'
import { ratesBetween, readVideo, type Rates, type VideoFigures } from '../rtc/stats'
import type { CheckResult, Decision, Seen } from './deskModels'
import { presenceOf, totalMs } from './deskPresence'
import { useSession, type UseSessionReturn } from './useSession'

export interface CheckInput {
  item_id: string
  seen: Seen
  result: CheckResult
  note: string
  still_ids: string[]
}
export interface Console extends UseSessionReturn {
  nowMs: Ref<number>
  elapsedMs: ComputedRef<number>
  markedMs: ComputedRef<number>
  fix: ComputedRef<FixRow | null>
  /** Set while the latest report of the phone is "no fix". */
  noFix: ComputedRef<NoFixRow | null>
  stills: ComputedRef<StillRow[]>
  rates: ShallowRef<Rates | null>
  microphone: ShallowRef<Problem | null>
  openMicrophone: () => Promise<void>
  takeStill: (itemId: string | null, challengeId?: string) => Promise<Result<TakenStill>>
  showChallenge: () => Promise<Problem | null>
  mark: (input: CheckInput) => Promise<Problem | null>
  say: (text: string) => Promise<Problem | null>
  askDetail: (on: boolean) => Promise<Problem | null>
  askCover: () => Promise<Problem | null>
  propose: (text: string) => Promise<Problem | null>
  sign: (decision: Decision, statement: string) => Promise<Problem | null>
  /** `unfinished`: without a conclusion. */
  end: (unfinished?: boolean) => Promise<Problem | null>
}
export interface TakenStill {
  still_id: string
  url: string
  seq: number
}

export function useConsole(sessionId: string): Console {
  const session = useSession({ role: 'inspector', sessionId })
  const presence: Entry[] = []
  const nowMs = ref(Date.now())
  const rates = shallowRef<Rates | null>(null)
  const microphone = shallowRef<Problem | null>(null)
  const state = session.session
  let voice: MediaStream | null = null

  watch(session.ended, (ended) => {
    if (!ended) return
    session.live.stopMedia()
    voice?.getTracks().forEach((track) => track.stop()) // the browser's microphone sign goes out with the session
  })
  watch(session.muted, (muted) => {
    // A voice that is silent on purpose is on record as that.
    void session.act('device:report', { camera: 'none', muted, paused: false, torch: false })
  })
  const off = session.live.signaling.on('entry', ({ entry }) => {
    if (entry.kind === 'presence' || entry.kind === 'session_ended') presence.push(entry)
  })
  const ticking = setInterval(() => (nowMs.value = Date.now()), 1000)
  const measuring = watchRates(session, rates)
  onScopeDispose(() => {
    off()
    clearInterval(ticking)
    clearInterval(measuring)
  })

  const done = async (result: Promise<Result<unknown>>): Promise<Problem | null> => {
    const settled = await result
    return settled.ok ? null : settled.problem
  }
  const lastFix = computed(() => state.value?.fixes.at(-1) ?? null)
  const lastNoFix = computed(() => state.value?.noFixes.at(-1) ?? null)
  return {
    ...session, nowMs, rates, microphone,
    elapsedMs: computed(() => (state.value?.startedAt ? (state.value.endedAt ? Date.parse(state.value.endedAt) : nowMs.value) - Date.parse(state.value.startedAt) : 0)),
    markedMs: computed(() => totalMs(presenceOf(presence, sessionId, nowMs.value).marked)),
    fix: lastFix,
    noFix: computed(() => ((lastNoFix.value?.seq ?? 0) > (lastFix.value?.seq ?? 0) ? lastNoFix.value : null)),
    stills: computed(() => state.value?.stills ?? []),
    openMicrophone: async () => {
      const opened = await session.publishAudio()
      microphone.value = opened.ok ? null : opened.problem
      if (opened.ok) voice = opened.value
    },
    takeStill: (itemId, challengeId) => session.act<TakenStill>('still:take', { ...(itemId ? { item_id: itemId } : {}), ...(challengeId ? { challenge_id: challengeId } : {}) }),
    showChallenge: () => done(session.act('challenge:show')),
    mark: (input) => done(session.act('check:mark', { ...input })),
    say: (text) => done(session.act('chat:send', { text })),
    askDetail: (on) => done(session.act('detail:request', { on })),
    askCover: () => done(session.act('guidance:cover')),
    propose: (text) => done(session.act('summary:propose', { text })),
    sign: (decision, statement) => done(session.act('summary:sign', statement ? { decision, statement } : { decision })),
    end: (unfinished = false) => done(session.act('session:end', { unfinished })),
  }
}

/** Measures the received picture every two seconds; null while nothing is connected. */
function watchRates(session: UseSessionReturn, rates: ShallowRef<Rates | null>): ReturnType<typeof setInterval> {
  let before: VideoFigures | null = null
  return setInterval(() => {
    const peer = session.live.viewer.peer
    if (!peer || session.mediaState.value !== 'connected') {
      before = rates.value = null
      return
    }
    void readVideo(peer, 'inbound-rtp').then((after) => {
      rates.value = before && after && after.bytes >= before.bytes ? ratesBetween(before, after) : null
      before = after
    })
  }, 2000)
}
