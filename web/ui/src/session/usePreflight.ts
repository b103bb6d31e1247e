/** Tries camera, microphone, position and network before the call, each with its own clear state. */
import { computed, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import type { Result } from '@/protocol/problem'
import { openBoth, type CameraAndVoice, type Facing } from '@/rtc/camera'
import type { NoFixCause } from './fix_reporter'

export type CheckState =
  | { kind: 'waiting' | 'checking' | 'ok' }
  /** The device does not work; `code` is an error code. */
  | { kind: 'failed'; code: string }
  | { kind: 'declined' }
  | { kind: 'within'; m: number }
  | { kind: 'no_position'; cause: NoFixCause }
  | { kind: 'good' | 'fair' | 'slow' }

export interface UsePreflightOptions {
  agreedPosition: boolean
  openBoth?: (facing: Facing) => Promise<CameraAndVoice>
  geolocation?: Geolocation | null
  /** Milliseconds of one round trip to the server; rejects when it cannot be reached. */
  ping?: () => Promise<number>
}

export interface UsePreflightReturn {
  camera: ShallowRef<CheckState>
  microphone: ShallowRef<CheckState>
  position: ShallowRef<CheckState>
  network: ShallowRef<CheckState>
  running: ComputedRef<boolean>
  preview: ShallowRef<MediaStream | null>
  tracks: ShallowRef<MediaStreamTrack[]>
  run(): Promise<void>
  /** Hands the open tracks over; the scope no longer ends them. */
  release(): MediaStreamTrack[]
}

export function usePreflight(options: UsePreflightOptions): UsePreflightReturn {
  const camera = shallowRef<CheckState>({ kind: 'waiting' })
  const microphone = shallowRef<CheckState>({ kind: 'waiting' })
  const position = shallowRef<CheckState>({ kind: 'waiting' })
  const network = shallowRef<CheckState>({ kind: 'waiting' })
  const tracks = shallowRef<MediaStreamTrack[]>([])
  const preview = shallowRef<MediaStream | null>(null)
  const open = options.openBoth ?? ((facing: Facing) => openBoth(facing))

  async function checkDevices(): Promise<void> {
    end()
    camera.value = microphone.value = { kind: 'checking' }
    const opened = await open('environment')
    camera.value = stateOf(opened.camera)
    microphone.value = stateOf(opened.microphone)
    tracks.value = [opened.camera, opened.microphone].flatMap((result) => (result.ok ? [result.value] : []))
    preview.value = opened.camera.ok ? new MediaStream([opened.camera.value]) : null
  }

  async function checkPosition(): Promise<void> {
    if (!options.agreedPosition) return void (position.value = { kind: 'declined' })
    position.value = { kind: 'checking' }
    position.value = await locate(options.geolocation === undefined ? navigator.geolocation : options.geolocation)
  }

  async function checkNetwork(): Promise<void> {
    network.value = { kind: 'checking' }
    network.value = await judgeNetwork(options.ping ?? pingServer)
  }

  function end(): void {
    for (const track of tracks.value) track.stop()
    tracks.value = []
    preview.value = null
  }

  async function run(): Promise<void> {
    const reached = checkNetwork()
    await checkDevices()
    await Promise.all([reached, checkPosition()]) // one question of the phone at a time
  }

  function release(): MediaStreamTrack[] {
    const released = tracks.value
    tracks.value = []
    return released
  }

  onScopeDispose(end)
  const running = computed(() => [camera, microphone, position, network].some(({ value }) => value.kind === 'checking'))
  return { camera, microphone, position, network, running, preview, tracks, run, release }
}

function stateOf(result: Result<unknown>): CheckState {
  return result.ok ? { kind: 'ok' } : { kind: 'failed', code: result.problem.code }
}

const CAUSES: Record<number, NoFixCause> = { 1: 'refused', 2: 'unavailable', 3: 'timeout' }

function locate(geolocation: Geolocation | null | undefined): Promise<CheckState> {
  if (!geolocation) return Promise.resolve({ kind: 'no_position', cause: 'unsupported' })
  return new Promise((resolve) =>
    geolocation.getCurrentPosition(
      ({ coords }) => resolve({ kind: 'within', m: Math.max(1, Math.round(coords.accuracy)) }),
      (error) => resolve({ kind: 'no_position', cause: CAUSES[error.code] ?? 'unavailable' }),
      { enableHighAccuracy: true, maximumAge: 30_000, timeout: 12_000 },
    ),
  )
}

const GOOD_MS = 150
const FAIR_MS = 500

async function judgeNetwork(ping: () => Promise<number>): Promise<CheckState> {
  try {
    const times = [await ping(), await ping(), await ping()].sort((a, b) => a - b)
    const median = times[1] ?? Infinity
    return { kind: median <= GOOD_MS ? 'good' : median <= FAIR_MS ? 'fair' : 'slow' }
  } catch {
    return { kind: 'failed', code: 'network_unreachable' }
  }
}

async function pingServer(): Promise<number> {
  const started = performance.now()
  const response = await fetch('/healthz', { cache: 'no-store' })
  await response.text()
  return performance.now() - started
}
