// @vitest-environment node
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { carry, coveredPart, pictureOf, readFrame, signedMessage } from './frame_format'

interface Carrier {
  codec: string
  stream: number
  counter: number
  page_time_ms: number
  earlier: string[]
  frame: string
  sent: string
  signature: string
}

const file = new URL('../../../../../docs/vectors/frames.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf-8')) as { public_key: string; fingerprint: string; carriers: Carrier[] }
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const read = (hex: string) => readFrame(bytes(hex).buffer as ArrayBuffer)
const fingerprint = bytes(vectors.fingerprint)

async function digest(hex: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', pictureOf(read(hex)) as BufferSource)).subarray(0, 16)
}

async function covered(each: Carrier): Promise<Uint8Array> {
  const digests = await Promise.all(each.earlier.map(digest))
  return coveredPart({ counter: each.counter, pageTimeMs: each.page_time_ms, stream: each.stream, digests }, fingerprint)
}

describe('the trailer of a signed frame', () => {
  it.each(vectors.carriers)('is byte for byte the published one: $codec, counter $counter', async (each) => {
    const frame = read(each.frame)
    expect(frame.units !== null).toBe(each.codec === 'H264')
    expect(Buffer.from(carry(frame, await covered(each), bytes(each.signature))).toString('hex')).toBe(each.sent)
  })

  it.each(vectors.carriers)('is signed over what the server looks at: $codec, counter $counter', async (each) => {
    const raw = new Uint8Array(Buffer.from(vectors.public_key, 'base64'))
    const key = await crypto.subtle.importKey('raw', raw, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
    const message = signedMessage(fingerprint, await covered(each), pictureOf(read(each.frame)))
    const es256 = { name: 'ECDSA', hash: 'SHA-256' }
    expect(await crypto.subtle.verify(es256, key, bytes(each.signature) as BufferSource, message as BufferSource)).toBe(true)
  })

  it('takes access units with short start codes and a zero before them apart as they are sent', () => {
    const units = read('000001674200000001688800000165aabb').units
    expect(units?.map((unit) => Buffer.from(unit).toString('hex'))).toEqual(['6742', '6888', '65aabb'])
  })
})
