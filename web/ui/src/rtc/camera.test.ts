import { describe, expect, it } from 'vitest'
import { hasTorch, openBoth, openCamera, setTorch, switchCamera, type MediaDevicesLike } from './camera'
import { FakeStream, FakeTrack } from './fakes'

const named = (name: string) => Object.assign(new Error(name), { name })

/** Devices that answer each request by `decide`. */
function devices(decide: (constraints: MediaStreamConstraints) => Error | null): MediaDevicesLike & { asked: MediaStreamConstraints[] } {
  const asked: MediaStreamConstraints[] = []
  const getUserMedia = (constraints: MediaStreamConstraints = {}) => {
    asked.push(constraints)
    const error = decide(constraints)
    if (error) return Promise.reject(error)
    const tracks = [constraints.video && new FakeTrack('video'), constraints.audio && new FakeTrack('audio')].filter((track) => track instanceof FakeTrack)
    return Promise.resolve(new FakeStream(tracks) as unknown as MediaStream)
  }
  return { asked, getUserMedia }
}

const facing = (constraints: MediaStreamConstraints | undefined) => {
  const video = constraints?.video
  return typeof video === 'object' ? (video.facingMode as { ideal?: string } | undefined)?.ideal : undefined
}

describe('openBoth', () => {
  it('asks once for the rear camera and the microphone', async () => {
    const fake = devices(() => null)
    const { camera, microphone } = await openBoth('environment', fake)
    expect([camera.ok, microphone.ok, fake.asked.length, facing(fake.asked[0])]).toEqual([true, true, 1, 'environment'])
  })

  it('keeps the camera when only the microphone is refused', async () => {
    const { camera, microphone } = await openBoth('environment', devices((c) => (c.audio ? named('NotAllowedError') : null)))
    expect(camera.ok).toBe(true)
    expect(microphone).toMatchObject({ problem: { code: 'microphone_refused' } })
  })

  it('says that the browser cannot do it where there are no devices at all', async () => {
    expect((await openBoth('environment', null)).camera).toMatchObject({ problem: { code: 'media_unsupported' } })
  })
})

describe('openCamera', () => {
  it.each([
    ['NotAllowedError', 'camera_refused'],
    ['NotReadableError', 'camera_busy'],
    ['NotFoundError', 'camera_missing'],
    ['TypeError', 'media_unsupported'],
  ])('says %s as %s', async (name, code) => {
    expect(await openCamera('environment', devices(() => named(name)))).toMatchObject({ ok: false, problem: { code } })
  })

  it('takes any camera when the wanted kind does not open', async () => {
    const fake = devices((c) => (c.video === true ? null : named('OverconstrainedError')))
    expect((await openCamera('environment', fake)).ok).toBe(true)
  })

  it('does not ask again after a refusal', async () => {
    const fake = devices(() => named('NotAllowedError'))
    await openCamera('environment', fake)
    expect(fake.asked).toHaveLength(1)
  })
})

describe('switchCamera', () => {
  it('stops the old camera first', async () => {
    const old = new FakeTrack('video')
    const result = await switchCamera(old as unknown as MediaStreamTrack, 'environment', devices(() => null))
    expect([old.stopped, result.facing, result.switched]).toEqual([true, 'user', true])
  })

  it('says that it has not switched when the phone hands out the same camera again', async () => {
    const same = Object.assign(new FakeTrack('video'), { getSettings: () => ({ deviceId: 'only' }) })
    const one: MediaDevicesLike = { getUserMedia: () => Promise.resolve(new FakeStream([same]) as unknown as MediaStream) }
    const result = await switchCamera(same as unknown as MediaStreamTrack, 'environment', one)
    expect([result.facing, result.switched, result.track.ok]).toEqual(['environment', false, true])
  })

  it('goes back to the first one when the other does not open', async () => {
    let tries = 0
    const fake = devices(() => (++tries <= 3 ? named('NotReadableError') : null))
    const result = await switchCamera(null, 'environment', fake)
    expect([result.facing, result.switched, result.track.ok]).toEqual(['environment', false, true])
  })
})

it('knows a lamp by the capability and says when it does not obey', async () => {
  const track = { getCapabilities: () => ({ torch: true }), applyConstraints: () => Promise.reject(new Error('no')) } as unknown as MediaStreamTrack
  expect(hasTorch(track)).toBe(true)
  expect(hasTorch({} as MediaStreamTrack)).toBe(false)
  expect(await setTorch(track, true)).toBe(false)
})
