// @vitest-environment node
import { expect, it, vi } from 'vitest'
import { fromBase64 } from './bytes'
import { checkSignature, codeOf, groupsOf, parseCheckpoint } from './checkpoint'
import { headOf, lineOf, publicKey, vectors } from './vectors'

it('reads every published line and finds its code', async () => {
  for (const { line, code, shown } of vectors.receipts) {
    const checkpoint = parseCheckpoint(line)
    expect(checkpoint && (await codeOf(checkpoint))).toBe(code)
    expect(groupsOf(code).join('-')).toBe(shown)
  }
})

it.each([
  (line: string) => line + ' ',
  (line: string) => line.replace(',', ', '),
  (line: string) => line.replace('"size":7', '"size":0'),
  (line: string) => line.replace('"size":7', '"size":7.5'),
  (line: string) => line.replace('"size":7', '"size":7,"size":7'),
  (line: string) => line.replace('"v":1', '"v":2'),
  (line: string) => line.replace('"v":1', '"v":1,"w":1'),
  (line: string) => line.replace('"root":"', '"root":"A'),
  (line: string) => line.replace(/"key":"[^"]*",/, ''),
  (line: string) => line.replace(/"sig":"/, '"sig":"A'),
  () => 'null',
  () => '[]',
  () => '{',
  () => '',
])('takes nothing for a checkpoint that is not exactly one', (spoil) => {
  expect(parseCheckpoint(lineOf(7))).not.toBeNull()
  expect(parseCheckpoint(spoil(lineOf(7)))).toBeNull()
})

it('finds a good signature good and any other bad', async () => {
  expect(await checkSignature(headOf(7), publicKey)).toBe('good')
  expect(await checkSignature({ ...headOf(7), size: 8 }, publicKey)).toBe('bad')
  expect(await checkSignature({ ...headOf(7), sig: headOf(8).sig }, publicKey)).toBe('bad')
  const another = publicKey.slice()
  another[0] = (another[0] ?? 0) ^ 1
  expect(await checkSignature(headOf(7), another)).toBe('bad')
})

it('says so where the browser has no Ed25519', async () => {
  vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('no', 'NotSupportedError'))
  expect(await checkSignature(headOf(7), publicKey)).toBe('unknown')
})

it('takes only base64 that encodes back to itself', () => {
  expect(fromBase64('AAAB')).toEqual(Uint8Array.of(0, 0, 1))
  for (const text of ['AAA', 'AA==\n', 'AB==', '-_8=', 'ä']) expect(fromBase64(text)).toBeNull()
})
