/** The phone's own picture and voice: opened, switched, lit, and reported when another app takes the camera away. */
import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { hasTorch, openBoth, setTorch, switchCamera, type CameraAndVoice, type Facing, type MediaDevicesLike } from '@/rtc/camera'
import type { Problem } from '@/protocol/problem'
import { takeMedia } from './held_media'

export interface UseOwnCameraReturn {
  /** What is sent; null while nothing is. A new object whenever its tracks change. */
  stream: ShallowRef<MediaStream | null>
  video: ComputedRef<MediaStreamTrack | null>
  facing: Ref<Facing>
  torch: Ref<boolean>
  torchSupported: ComputedRef<boolean>
  /** Another app holds the camera; the picture stands still. */
  interrupted: Ref<boolean>
  cameraProblem: ShallowRef<Problem | null>
  voiceProblem: ShallowRef<Problem | null>
  busy: Ref<boolean>
  open(): Promise<void>
  /** False when the other camera did not open and the first one is back. */
  flip(): Promise<boolean>
  toggleTorch(): Promise<boolean>
  close(): void
}

export interface UseOwnCameraOptions {
  devices?: MediaDevicesLike
  createStream?: (tracks: MediaStreamTrack[]) => MediaStream
}

export function useOwnCamera(options: UseOwnCameraOptions = {}): UseOwnCameraReturn {
  const createStream = options.createStream ?? ((tracks: MediaStreamTrack[]) => new MediaStream(tracks))
  const stream = shallowRef<MediaStream | null>(null)
  const facing = ref<Facing>('environment')
  const torch = ref(false)
  const interrupted = ref(false)
  const busy = ref(false)
  const cameraProblem = shallowRef<Problem | null>(null)
  const voiceProblem = shallowRef<Problem | null>(null)
  const video = computed(() => stream.value?.getVideoTracks()[0] ?? null)

  function use(tracks: MediaStreamTrack[]): void {
    const camera = tracks.find((track) => track.kind === 'video')
    if (camera) listen(camera)
    stream.value = tracks.length > 0 ? createStream(tracks) : null
  }

  /** iOS mutes or ends the track for a phone call; some Androids end it when another app opens the camera. */
  function listen(track: MediaStreamTrack): void {
    interrupted.value = track.muted || track.readyState === 'ended'
    track.onmute = () => (interrupted.value = true)
    track.onunmute = () => (interrupted.value = false)
    track.onended = () => (interrupted.value = true)
  }

  async function open(): Promise<void> {
    const held = takeMedia()
    if (held && held.tracks.length > 0) {
      facing.value = held.facing
      use(held.tracks)
      if (held.tracks.length === 2) return
    }
    await exclusively(async () => adopt(await ask()))
  }

  const ask = (): Promise<CameraAndVoice> => {
    close() // a second camera does not open on many phones while the first one runs
    return options.devices ? openBoth(facing.value, options.devices) : openBoth(facing.value)
  }

  function adopt({ camera, microphone }: CameraAndVoice): void {
    cameraProblem.value = camera.ok ? null : camera.problem
    voiceProblem.value = microphone.ok ? null : microphone.problem
    use([camera, microphone].flatMap((result) => (result.ok ? [result.value] : [])))
  }

  async function flip(): Promise<boolean> {
    let switched = false
    await exclusively(async () => {
      const result = options.devices
        ? await switchCamera(video.value, facing.value, options.devices)
        : await switchCamera(video.value, facing.value)
      torch.value = false
      facing.value = result.facing
      switched = result.switched
      cameraProblem.value = result.track.ok ? null : result.track.problem
      use([...(result.track.ok ? [result.track.value] : []), ...(stream.value?.getAudioTracks() ?? [])])
    })
    return switched
  }

  async function toggleTorch(): Promise<boolean> {
    const track = video.value
    if (!track) return false
    const obeyed = await setTorch(track, !torch.value)
    if (obeyed) torch.value = !torch.value
    return obeyed
  }

  async function exclusively(act: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await act()
    } finally {
      busy.value = false
    }
  }

  function close(): void {
    for (const track of stream.value?.getTracks() ?? []) {
      track.onended = track.onmute = track.onunmute = null
      track.stop()
    }
    stream.value = null
    torch.value = false
  }

  onScopeDispose(close)
  const torchSupported = computed(() => hasTorch(video.value))
  return { stream, video, facing, torch, torchSupported, interrupted, cameraProblem, voiceProblem, busy, open, flip, toggleTorch, close }
}
