/** The published vectors (docs/vectors/receipts.json), as the tests read them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBase64, type Bytes } from './bytes'
import { parseCheckpoint, type Checkpoint } from './checkpoint'

export interface Vectors {
  public_key: string
  receipts: { line: string; code: string; shown: string }[]
  keys: string[]
  by_the_second_key: string
  consistency: { first: number; second: number; proof: string[] }[]
}

export const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../docs/vectors/receipts.json'), 'utf8')) as Vectors
export const publicKey = fromBase64(vectors.public_key) as Bytes

export function lineOf(size: number): string {
  const found = vectors.receipts.find(({ line }) => parseCheckpoint(line)?.size === size)
  if (!found) throw new Error(`no vector of size ${size}`)
  return found.line
}

export function headOf(size: number): Checkpoint {
  return parseCheckpoint(lineOf(size)) as Checkpoint
}

export function proofOf(first: number, second: number): string[] {
  const found = vectors.consistency.find((row) => row.first === first && row.second === second)
  if (!found) throw new Error(`no proof from ${first} to ${second}`)
  return found.proof
}
