import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { fail, succeed } from '@/protocol/problem'
import type { CameraAndVoice } from '@/rtc/camera'
import { FakeStream, FakeTrack } from '@/rtc/fakes'
import { usePreflight, type UsePreflightOptions, type UsePreflightReturn } from './usePreflight'

let scope: EffectScope
let opened: FakeTrack[]

const both = (): CameraAndVoice => {
  opened = [new FakeTrack('video'), new FakeTrack('audio')]
  const [camera, microphone] = opened as unknown as [MediaStreamTrack, MediaStreamTrack]
  return { camera: succeed(camera), microphone: succeed(microphone) }
}
const located = (accuracy: number): Geolocation =>
  ({ getCurrentPosition: (success: PositionCallback) => success({ coords: { accuracy } } as GeolocationPosition) }) as unknown as Geolocation
const unlocated = (code: number): Geolocation =>
  ({ getCurrentPosition: (_: PositionCallback, failure: PositionErrorCallback) => failure({ code } as GeolocationPositionError) }) as unknown as Geolocation

function make(options: Partial<UsePreflightOptions> = {}): UsePreflightReturn {
  return scope.run(() =>
    usePreflight({ agreedPosition: true, openBoth: () => Promise.resolve(both()), geolocation: located(14), ping: () => Promise.resolve(40), ...options }),
  )!
}

beforeEach(() => {
  scope = effectScope()
  vi.stubGlobal('MediaStream', FakeStream)
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

describe('usePreflight', () => {
  it('finds everything in order', async () => {
    const preflight = make()
    await preflight.run()
    expect([preflight.camera.value, preflight.microphone.value, preflight.position.value, preflight.network.value]).toEqual([
      { kind: 'ok' },
      { kind: 'ok' },
      { kind: 'within', m: 14 },
      { kind: 'good' },
    ])
  })

  it('says which device was refused and goes on with the rest', async () => {
    const preflight = make({ openBoth: () => Promise.resolve({ ...both(), microphone: fail('microphone_refused') }) })
    await preflight.run()
    expect([preflight.camera.value.kind, preflight.microphone.value]).toEqual(['ok', { kind: 'failed', code: 'microphone_refused' }])
  })

  it.each([
    [unlocated(1), 'refused'],
    [unlocated(3), 'timeout'],
    [null, 'unsupported'],
  ])('names the cause when there is no position', async (geolocation, cause) => {
    const preflight = make({ geolocation })
    await preflight.run()
    expect(preflight.position.value).toEqual({ kind: 'no_position', cause })
  })

  it('does not ask for a position that was not agreed to', async () => {
    const preflight = make({ agreedPosition: false, geolocation: unlocated(1) })
    await preflight.run()
    expect(preflight.position.value).toEqual({ kind: 'declined' })
  })

  it.each([
    [100, 'good'],
    [300, 'fair'],
    [900, 'slow'],
  ])('calls a round trip of %i ms %s', async (ms, kind) => {
    const preflight = make({ ping: () => Promise.resolve(ms) })
    await preflight.run()
    expect(preflight.network.value.kind).toBe(kind)
  })

  it('says so when the server cannot be reached', async () => {
    const preflight = make({ ping: () => Promise.reject(new TypeError('failed')) })
    await preflight.run()
    expect(preflight.network.value).toEqual({ kind: 'failed', code: 'network_unreachable' })
  })

  it('ends the tracks with the page, unless they were handed over', async () => {
    await make().run()
    scope.stop()
    expect(opened.every((track) => track.stopped)).toBe(true)
    scope = effectScope()
    const preflight = make()
    await preflight.run()
    expect(preflight.release()).toHaveLength(2)
    scope.stop()
    expect(opened.some((track) => track.stopped)).toBe(false)
  })
})
