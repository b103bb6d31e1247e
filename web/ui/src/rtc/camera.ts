/**
 * The phone's camera and microphone: rear camera first, switching, torch. Refusals come back as coded problems:
 * `camera_refused`, `camera_busy`, `camera_missing`, `microphone_refused`, `microphone_busy`, `microphone_missing`,
 * `media_unsupported`. Who opens a stream stops its tracks.
 */
import { fail, succeed, type Result } from '../protocol/problem'

export type Facing = 'environment' | 'user'
type Kind = 'camera' | 'microphone'
export type MediaDevicesLike = Pick<MediaDevices, 'getUserMedia'>

const VOICE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

function pageDevices(): MediaDevicesLike | null {
  return globalThis.navigator?.mediaDevices ?? null // absent on plain http and in very old in-app browsers
}

function videoOf(facing: Facing): MediaTrackConstraints {
  return {
    facingMode: { ideal: facing },
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  }
}

function codeOf(error: unknown, kind: Kind): string {
  const name = (error as { name?: string } | null)?.name ?? ''
  if (name === 'NotAllowedError' || name === 'SecurityError' || name === 'PermissionDeniedError') return `${kind}_refused`
  if (name === 'NotReadableError' || name === 'TrackStartError' || name === 'AbortError') return `${kind}_busy`
  if (name === 'NotFoundError' || name === 'DevicesNotFoundError' || name === 'OverconstrainedError') return `${kind}_missing`
  return 'media_unsupported'
}

async function ask(devices: MediaDevicesLike | null, kind: Kind, tries: MediaStreamConstraints[]): Promise<Result<MediaStream>> {
  if (!devices) return fail('media_unsupported')
  let last: unknown = null
  for (const constraints of tries) {
    try {
      return succeed(await devices.getUserMedia(constraints))
    } catch (error) {
      last = error
      if (codeOf(error, kind) === `${kind}_refused`) break // asking again would only prompt again
    }
  }
  return fail(codeOf(last, kind), String(last), true)
}

export function openCamera(facing: Facing, devices = pageDevices()): Promise<Result<MediaStream>> {
  return ask(devices, 'camera', [{ video: videoOf(facing) }, { video: { facingMode: { ideal: facing } } }, { video: true }])
}

export function openMicrophone(devices = pageDevices()): Promise<Result<MediaStream>> {
  return ask(devices, 'microphone', [{ audio: VOICE }, { audio: true }])
}

export interface CameraAndVoice {
  camera: Result<MediaStreamTrack>
  microphone: Result<MediaStreamTrack>
}

/** Asks for both in one prompt; when that fails, for each alone, so that one refusal does not cost the other. */
export async function openBoth(facing: Facing, devices = pageDevices()): Promise<CameraAndVoice> {
  const both = await ask(devices, 'camera', [{ video: videoOf(facing), audio: VOICE }])
  if (both.ok) return { camera: trackOf(both, 'video'), microphone: trackOf(both, 'audio') }
  const camera = trackOf(await openCamera(facing, devices), 'video')
  return { camera, microphone: trackOf(await openMicrophone(devices), 'audio') }
}

function trackOf(result: Result<MediaStream>, kind: 'audio' | 'video'): Result<MediaStreamTrack> {
  if (!result.ok) return result
  const track = result.value.getTracks().find((candidate) => candidate.kind === kind)
  return track ? succeed(track) : fail(kind === 'video' ? 'camera_missing' : 'microphone_missing')
}

/**
 * Opens the other camera, if there is one. Many phones open only one camera at a time, so the old track is stopped first; when the
 * other one does not open, the first one is opened again and the failure is told beside it.
 */
export async function switchCamera(
  old: MediaStreamTrack | null,
  from: Facing,
  devices = pageDevices(),
): Promise<{ facing: Facing; track: Result<MediaStreamTrack>; switched: boolean }> {
  const oldId = old?.getSettings?.().deviceId
  old?.stop()
  const to: Facing = from === 'environment' ? 'user' : 'environment'
  const other = trackOf(await openCamera(to, devices), 'video')
  if (!other.ok) return { facing: from, track: trackOf(await openCamera(from, devices), 'video'), switched: false }
  const switched = isOther(other.value, to, oldId)
  return { facing: switched ? to : from, track: other, switched }
}

/** With one camera only, browsers hand out the same one again; where they say nothing we believe that it is the other. */
function isOther(track: MediaStreamTrack, wanted: Facing, oldId: string | undefined): boolean {
  const { facingMode, deviceId } = track.getSettings?.() ?? {}
  if (facingMode) return facingMode === wanted
  return deviceId === undefined || deviceId !== oldId
}

type TorchCapabilities = MediaTrackCapabilities & { torch?: boolean }

export function hasTorch(track: MediaStreamTrack | null): boolean {
  const capabilities = track?.getCapabilities?.() as TorchCapabilities | undefined
  return capabilities?.torch === true
}

/** False where the lamp did not obey. */
export async function setTorch(track: MediaStreamTrack, on: boolean): Promise<boolean> {
  try {
    await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
    return true
  } catch {
    return false
  }
}
