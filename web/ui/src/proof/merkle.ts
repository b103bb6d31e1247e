/** Whether one tree head continues another: RFC 9162, section 2.1.4.2, with the browser's own SHA-256. */
import { fromHex, joined, sha256, toHex, type Bytes } from './bytes'

/** `root`: lower-case hexadecimal. */
export interface TreeHead {
  size: number
  root: string
}

/** A proof is one node a level at most, and no tree is higher. */
const MOST_NODES = 64
const NODE = Uint8Array.of(1)

/** Whether the tree of `second` begins with exactly the leaves of `first`. Never throws for what a server sends. */
export async function isConsistent(first: TreeHead, second: TreeHead, proof: readonly string[]): Promise<boolean> {
  if (!Number.isSafeInteger(first.size) || !Number.isSafeInteger(second.size)) return false
  if (first.size < 1 || first.size > second.size || !Array.isArray(proof) || proof.length > MOST_NODES) return false
  if (first.size === second.size) return proof.length === 0 && first.root === second.root
  const path = (isPowerOfTwo(first.size) ? [first.root, ...proof] : proof).map(fromHex)
  return isPath(path) && follows(first, second, path)
}

async function follows(first: TreeHead, second: TreeHead, path: readonly [Bytes, ...Bytes[]]): Promise<boolean> {
  let [place, last] = [first.size - 1, second.size - 1]
  while (place % 2 === 1) [place, last] = [half(place), half(last)]
  let [older, newer] = [path[0], path[0]]
  for (const node of path.slice(1)) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      ;[older, newer] = [await parent(node, older), await parent(node, newer)]
      while (place % 2 === 0 && place > 0) [place, last] = [half(place), half(last)]
    } else {
      newer = await parent(newer, node)
    }
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 && toHex(older) === first.root && toHex(newer) === second.root
}

function isPath(path: readonly (Bytes | null)[]): path is readonly [Bytes, ...Bytes[]] {
  return path.length > 0 && path.every((node) => node !== null)
}

function parent(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(joined(NODE, left, right))
}

/** Without bit operations, which would end at 2^31. */
const half = (value: number): number => Math.floor(value / 2)

function isPowerOfTwo(value: number): boolean {
  let rest = value
  while (rest % 2 === 0) rest /= 2
  return rest === 1
}
