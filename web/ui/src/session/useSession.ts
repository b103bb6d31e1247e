/** `LiveSession` for Vue: the same fields as refs, closed with the scope that made it. */
import { computed, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import { apiOf } from '@/protocol/api'
import type { JoinResult, Participant } from '@/protocol/events'
import type { ViewServed } from '@/protocol/messages'
import type { Act } from '@/protocol/outbox'
import type { Problem, Result } from '@/protocol/problem'
import type { CaseState, SessionState } from '@/protocol/reduce'
import type { LinkState } from '@/protocol/signaling'
import type { MediaState } from '@/rtc/redialer'
import type { Streams } from '@/rtc/viewer'
import { openMicrophone } from '@/rtc/camera'
import { LiveSession, type LiveSessionOptions } from './live_session'

export type UseSessionOptions = Pick<LiveSessionOptions, 'role' | 'sessionId'> & Partial<LiveSessionOptions>

export interface UseSessionReturn {
  case: ShallowRef<CaseState>
  session: ComputedRef<SessionState | null>
  participants: ShallowRef<Participant[]>
  link: ShallowRef<LinkState>
  problem: ShallowRef<Problem | null>
  joined: ShallowRef<JoinResult | null>
  recording: ShallowRef<boolean>
  ended: ShallowRef<boolean>
  /** Whether the inspector has asked for detail. */
  detail: ShallowRef<boolean>
  /** This page sends few, sharp frames, because its line carries no more. */
  weakUplink: ShallowRef<boolean>
  /** What this page's own line carries of the applicant's picture. */
  view: ShallowRef<ViewServed['service']>
  streams: ShallowRef<Streams>
  /** The connection that sends. */
  up: ShallowRef<MediaState>
  /** The connection that receives. */
  mediaState: ShallowRef<MediaState>
  /** Why sound and picture do not connect although the server answers. */
  mediaProblem: ShallowRef<Problem | null>
  /** Acts that the server has not acknowledged yet. */
  waiting: ShallowRef<readonly Act[]>
  muted: ShallowRef<boolean>
  start(): void
  act<T = unknown>(event: string, body?: Record<string, unknown>): Promise<Result<T>>
  call<T = unknown>(event: string, body?: Record<string, unknown>): Promise<Result<T>>
  publish(stream: MediaStream): void
  /** Asks for the microphone and sends it. */
  publishAudio(): Promise<Result<MediaStream>>
  setMuted(muted: boolean): void
  leave(): Promise<void>
  live: LiveSession
}

export function useSession(options: UseSessionOptions): UseSessionReturn {
  const live = new LiveSession({ csrf: () => apiOf(options.role).csrf, ...options })
  const refs = {
    case: shallowRef(live.case),
    participants: shallowRef(live.participants),
    link: shallowRef(live.link),
    problem: shallowRef(live.problem),
    joined: shallowRef(live.joined),
    recording: shallowRef(live.recording),
    ended: shallowRef(live.ended),
    detail: shallowRef(live.detail),
    weakUplink: shallowRef(live.weakUplink),
    view: shallowRef(live.view),
    streams: shallowRef(live.streams),
    up: shallowRef(live.up),
    mediaState: shallowRef(live.down),
    mediaProblem: shallowRef(live.mediaProblem),
    waiting: shallowRef(live.signaling.waiting),
  }
  live.onChange(() => {
    refs.case.value = live.case
    refs.participants.value = live.participants
    refs.link.value = live.link
    refs.problem.value = live.problem
    refs.joined.value = live.joined
    refs.recording.value = live.recording
    refs.ended.value = live.ended
    refs.detail.value = live.detail
    refs.weakUplink.value = live.weakUplink
    refs.view.value = live.view
    refs.streams.value = live.streams
    refs.up.value = live.up
    refs.mediaState.value = live.down
    refs.mediaProblem.value = live.mediaProblem
    refs.waiting.value = live.signaling.waiting
  })
  const sending = useSending(live)
  onScopeDispose(() => live.close())
  return {
    ...refs,
    ...sending,
    session: computed(() => refs.case.value.sessions[options.sessionId] ?? null),
    start: () => live.start(),
    act: (event, body) => live.act(event, body),
    call: (event, body) => live.call(event, body),
    leave: () => live.leave(),
    live,
  }
}

type Sending = Pick<UseSessionReturn, 'muted' | 'publish' | 'publishAudio' | 'setMuted'>

/** What is sent and whether the voice in it is heard. The tracks opened here end with the scope. */
function useSending(live: LiveSession): Sending {
  const muted = shallowRef(false)
  let sent: MediaStream | null = null
  let opened: MediaStream | null = null
  const publish = (stream: MediaStream): void => {
    sent = stream
    for (const track of stream.getAudioTracks()) track.enabled = !muted.value
    live.publish(stream)
  }
  const setMuted = (value: boolean): void => {
    muted.value = value
    for (const track of sent?.getAudioTracks() ?? []) track.enabled = !value
  }
  const publishAudio = async (): Promise<Result<MediaStream>> => {
    const stream = await openMicrophone()
    if (!stream.ok) return stream
    opened = stream.value
    publish(stream.value)
    return stream
  }
  onScopeDispose(() => opened?.getTracks().forEach((track) => track.stop()))
  return { muted, publish, publishAudio, setMuted }
}
