import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import type { MediaDevicesLike } from '@/rtc/camera'
import { dropMedia, holdMedia } from './held_media'
import { useOwnCamera, type UseOwnCameraReturn } from './useOwnCamera'

class Track extends EventTarget {
  enabled = true
  muted = false
  readyState = 'live'
  onmute: (() => void) | null = null
  onunmute: (() => void) | null = null
  onended: (() => void) | null = null
  constructor(
    readonly kind: string,
    readonly facing = '',
  ) {
    super()
  }
  stop(): void {
    this.readyState = 'ended'
  }
}

class Stream {
  constructor(private readonly tracks: Track[]) {}
  getTracks = (): Track[] => this.tracks
  getVideoTracks = (): Track[] => this.tracks.filter((track) => track.kind === 'video')
  getAudioTracks = (): Track[] => this.tracks.filter((track) => track.kind === 'audio')
}

let opened: Track[]
let refused: Set<string>
let scope: EffectScope
let asked: number

const devices = {
  getUserMedia: ({ video, audio }: MediaStreamConstraints) => {
    asked += 1
    const facing = typeof video === 'object' ? ((video.facingMode as { ideal?: string })?.ideal ?? '') : ''
    if ((video && refused.has('video')) || (audio && refused.has('audio')) || refused.has(facing)) {
      return Promise.reject(Object.assign(new Error(), { name: refused.has(facing) ? 'NotReadableError' : 'NotAllowedError' }))
    }
    if (video === true) return Promise.reject(Object.assign(new Error(), { name: 'NotReadableError' }))
    const tracks = [...(video ? [new Track('video', facing)] : []), ...(audio ? [new Track('audio')] : [])]
    opened.push(...tracks)
    return Promise.resolve(new Stream(tracks))
  },
} as unknown as MediaDevicesLike

function make(): UseOwnCameraReturn {
  const createStream = (tracks: MediaStreamTrack[]) => new Stream(tracks as unknown as Track[]) as unknown as MediaStream
  return scope.run(() => useOwnCamera({ devices, createStream }))!
}

const kinds = (camera: UseOwnCameraReturn) => camera.stream.value?.getTracks().map((track) => track.kind)

beforeEach(() => {
  opened = []
  refused = new Set()
  asked = 0
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  dropMedia()
})

describe('useOwnCamera', () => {
  it('takes over what the check page opened, without asking again', async () => {
    const tracks = [new Track('video'), new Track('audio')] as unknown as MediaStreamTrack[]
    holdMedia({ tracks, facing: 'environment' })
    const camera = make()
    await camera.open()
    expect([asked, kinds(camera)]).toEqual([0, ['video', 'audio']])
  })

  it('goes on with the voice when the camera is refused, and says so by code', async () => {
    refused.add('video')
    const camera = make()
    await camera.open()
    expect([kinds(camera), camera.cameraProblem.value?.code, camera.voiceProblem.value]).toEqual([['audio'], 'camera_refused', null])
  })

  it('keeps the voice when it switches the camera', async () => {
    const camera = make()
    await camera.open()
    const voice = camera.stream.value?.getAudioTracks()[0]
    expect(await camera.flip()).toBe(true)
    expect(camera.facing.value).toBe('user')
    expect(camera.stream.value?.getAudioTracks()[0]).toBe(voice)
  })

  it('is back at the first camera when the other does not open', async () => {
    const camera = make()
    await camera.open()
    refused.add('user')
    expect(await camera.flip()).toBe(false)
    expect([camera.facing.value, kinds(camera)]).toEqual(['environment', ['video', 'audio']])
  })

  it('knows when another app takes the camera and when it comes back', async () => {
    const camera = make()
    await camera.open()
    const video = opened.find((track) => track.kind === 'video')
    video?.onmute?.()
    expect(camera.interrupted.value).toBe(true)
    video?.onunmute?.()
    expect(camera.interrupted.value).toBe(false)
  })

  it('ends its tracks with the page', async () => {
    await make().open()
    scope.stop()
    expect(opened.every((track) => track.readyState === 'ended')).toBe(true)
  })
})
