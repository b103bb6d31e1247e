// @vitest-environment node
import { expect, it } from 'vitest'
import { isConsistent } from './merkle'
import { headOf, vectors } from './vectors'

it('accepts every proof that the server makes', async () => {
  for (const { first, second, proof } of vectors.consistency) {
    expect(await isConsistent(headOf(first), headOf(second), proof), `${first} to ${second}`).toBe(true)
  }
  expect(vectors.consistency.length).toBeGreaterThan(70)
})

it('refuses each proof as soon as one thing in it is another', async () => {
  const other = 'ab'.repeat(32)
  for (const { first, second, proof } of vectors.consistency.filter((row) => row.first < row.second)) {
    const [before, after] = [headOf(first), headOf(second)]
    expect(await isConsistent({ ...before, root: other }, after, proof)).toBe(false)
    expect(await isConsistent(before, { ...after, root: other }, proof)).toBe(false)
    expect(await isConsistent(before, after, [...proof, other])).toBe(false)
    expect(await isConsistent(before, after, proof.slice(1))).toBe(false)
    for (const at of proof.keys()) expect(await isConsistent(before, after, proof.map((node, place) => (place === at ? other : node)))).toBe(false)
  }
})

it('takes two heads of one size only where they are the same', async () => {
  expect(await isConsistent(headOf(7), headOf(7), [])).toBe(true)
  expect(await isConsistent(headOf(7), { ...headOf(7), root: 'ab'.repeat(32) }, [])).toBe(false)
  expect(await isConsistent(headOf(7), headOf(7), ['ab'.repeat(32)])).toBe(false)
})

it.each([
  [{ size: 0, root: '' }, []],
  [{ size: -1, root: '' }, []],
  [{ size: 1.5, root: '' }, []],
  [{ size: NaN, root: '' }, []],
  [{ size: 12, root: headOf(12).root }, []],
  [headOf(3), ['zz'.repeat(32)]],
  [headOf(3), ['']],
  [headOf(3), Array<string>(65).fill('ab'.repeat(32))],
  [{ size: 2, root: 'no digest' }, ['ab'.repeat(32)]],
])('refuses nonsense quietly: %j', async (first, proof) => {
  expect(await isConsistent(first, headOf(8), proof)).toBe(false)
})

it('holds sizes beyond 2^32', async () => {
  const [first, second] = [{ size: 2 ** 40, root: headOf(1).root }, { size: 2 ** 40 + 1, root: headOf(2).root }]
  expect(await isConsistent(first, second, [headOf(3).root])).toBe(false)
})
