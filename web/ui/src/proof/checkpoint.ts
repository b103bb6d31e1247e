/** A checkpoint as its line of JSON, its signature, and the code that people keep. The form: docs/evidence.md. */
import { fromBase64, fromHex, joined, sha256, toHex, utf8, type Bytes } from './bytes'

export interface Checkpoint {
  inspection: string
  /** How many entries of the ledger it covers. */
  size: number
  root: string
  at: string
  key: string
  sig: string
}

/** `unknown`: this browser has no Ed25519. */
export type Signed = 'good' | 'bad' | 'unknown'

const CHECKPOINT = utf8('yuntakan-checkpoint-v1\n')
const RECEIPT = utf8('yuntakan-receipt-v1\n')
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const CODE_LENGTH = 26
const GROUP = 5

const FORMS: Record<keyof Checkpoint, (value: unknown) => boolean> = {
  at: textLike(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
  inspection: textLike(/^[a-z2-7]{26}$/),
  key: textLike(/^[0-9a-f]{16}$/),
  root: textLike(/^[0-9a-f]{64}$/),
  sig: (value) => typeof value === 'string' && fromBase64(value)?.length === 64,
  size: (value) => Number.isSafeInteger(value) && (value as number) > 0,
}

/** The checkpoint of a line that is exactly one; null otherwise. */
export function parseCheckpoint(line: string): Checkpoint | null {
  const fields = readObject(line)
  if (fields?.v !== 1 || canonical(fields) !== line) return null
  const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'v'))
  const fits = Object.keys(rest).length === 6 && Object.entries(FORMS).every(([name, fit]) => fit(rest[name]))
  return fits ? (rest as unknown as Checkpoint) : null
}

/** RFC 8785 of an object of plain texts and whole numbers: sorted keys, no white space. */
export function canonical(fields: Record<string, unknown>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))))
}

export function readObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

export async function checkSignature(checkpoint: Checkpoint, publicKey: Bytes): Promise<Signed> {
  if ((await keyId(publicKey)) !== checkpoint.key) return 'bad'
  const { sig, ...rest } = checkpoint
  return checkEd25519(publicKey, CHECKPOINT, utf8(canonical({ v: 1, ...rest })), sig)
}

/** Whether `sig` (base64) is over the context followed by SHA-256 of `signed`. */
export async function checkEd25519(publicKey: Bytes, context: Bytes, signed: Bytes, sig: string): Promise<Signed> {
  const signature = fromBase64(sig)
  if (publicKey.length !== 32 || signature?.length !== 64) return 'bad'
  const message = joined(context, await sha256(signed))
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
    return (await crypto.subtle.verify('Ed25519', key, signature, message)) ? 'good' : 'bad'
  } catch (error) {
    // Browsers without Ed25519 say so by name; what they cannot import as a key is no key.
    return (error as Error).name === 'DataError' ? 'bad' : 'unknown'
  }
}

/** The first 16 hexadecimal digits of SHA-256 of the raw public key. */
export async function keyId(publicKey: Bytes): Promise<string> {
  return toHex(await sha256(publicKey)).slice(0, 16)
}

/** 26 characters that stand for inspection, size and root. */
export async function codeOf({ inspection, size, root }: Checkpoint): Promise<string> {
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(size))
  const digest = await sha256(joined(RECEIPT, utf8(inspection), Uint8Array.of(0), length, fromHex(root) ?? new Uint8Array()))
  return base32(digest).slice(0, CODE_LENGTH)
}

/** In groups of five, as it is shown and printed. */
export function groupsOf(code: string): string[] {
  return code.match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? []
}

function base32(bytes: Bytes): string {
  let [text, held, bits] = ['', 0, 0]
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text
}

function textLike(form: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && form.test(value)
}
