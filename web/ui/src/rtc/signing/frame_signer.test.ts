// @vitest-environment node
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { DIGEST_BYTES, TRAILER_BYTES } from './frame_format'
import { FrameSigner, type SigningKey } from './frame_signer'

let atMs: number
let signs: () => Promise<Uint8Array>
const key: SigningKey = { fingerprint: new Uint8Array(32).fill(7), sign: () => signs() }
const clock = { unixMs: () => 1_795_500_000_000 + atMs, elapsedMs: () => atMs }
const frame = (size: number): ArrayBuffer => new Uint8Array(size).fill(0x31).buffer

beforeEach(() => {
  atMs = 0
  signs = () => Promise.resolve(new Uint8Array(64))
})

function make(): FrameSigner {
  return new FrameSigner({ stream: 1, clock })
}

/** So many seconds of frames; how many bytes were put behind each. */
async function send(signer: FrameSigner, seconds: number, perSecond: number, size: number, held: SigningKey | null = key): Promise<number[]> {
  const added: number[] = []
  for (let count = 0; count < seconds * perSecond; count += 1) {
    added.push((await signer.next(frame(size), held)).byteLength - size)
    atMs += 1000 / perSecond
  }
  return added
}

function counterOf(sent: ArrayBuffer): number {
  return new DataView(sent).getUint32(sent.byteLength - TRAILER_BYTES)
}

describe('FrameSigner', () => {
  it('signs every frame where there is room for it', async () => {
    const added = await send(make(), 5, 30, 6_250) // 1.5 Mb/s
    expect(new Set(added)).toEqual(new Set([TRAILER_BYTES]))
  })

  it('signs about once a second under 500 kb/s, over digests of the frames before', async () => {
    const added = await send(make(), 10, 15, 1_600) // 190 kb/s
    const digests = added.slice(30).filter((bytes) => bytes > 0).map((bytes) => (bytes - TRAILER_BYTES) / DIGEST_BYTES)
    expect(digests.length).toBeGreaterThanOrEqual(7)
    expect(digests.every((count) => count === 14 || count === 15)).toBe(true)
  })

  it.each([[30, 6_250], [15, 5_000], [15, 1_600], [4, 6_000], [2, 10_000]])('keeps proof under 3 %% of the bytes: %i frames a second of %i bytes', async (perSecond, size) => {
    const signer = make()
    await send(signer, 3, perSecond, size)
    const before = { ...signer.figures }
    await send(signer, 20, perSecond, size)
    const { bytes, proofBytes } = signer.figures
    expect((proofBytes - before.proofBytes) / (bytes - before.bytes)).toBeLessThan(0.03)
  })

  it('goes back to signing each frame when the rate is higher again', async () => {
    const signer = make()
    await send(signer, 4, 15, 1_600)
    const added = await send(signer, 6, 30, 6_250)
    expect(added.slice(90).every((bytes) => bytes === TRAILER_BYTES)).toBe(true)
  })

  it('lets frames pass until there is a key, and counts them', async () => {
    const signer = make()
    expect(await send(signer, 1, 3, 6_000, null)).toEqual([0, 0, 0])
    expect(counterOf(await signer.next(frame(6_000), key))).toBe(3)
  })

  it('lets a frame pass whose signature takes too long, and leaves a hole in the counters', async () => {
    vi.useFakeTimers()
    const signer = make()
    signs = () => new Promise(() => undefined)
    const late = signer.next(frame(6_000), key)
    await vi.advanceTimersByTimeAsync(20)
    expect((await late).byteLength).toBe(6_000)
    vi.useRealTimers()
    signs = () => Promise.resolve(new Uint8Array(64))
    atMs = 100
    expect(counterOf(await signer.next(frame(6_000), key))).toBe(1)
    expect(signer.figures.late).toBe(1)
  })

  it('signs once a second for a while where two frames were late', async () => {
    const signer = make()
    signs = () => Promise.reject(new Error('busy'))
    await send(signer, 1, 2, 6_000)
    signs = () => Promise.resolve(new Uint8Array(64))
    const added = await send(signer, 10, 30, 6_250)
    expect(added.filter((bytes) => bytes > 0).length).toBeLessThanOrEqual(11)
    atMs += 30_000
    expect((await send(signer, 3, 30, 6_250)).slice(-30).every((bytes) => bytes === TRAILER_BYTES)).toBe(true)
  })
})
