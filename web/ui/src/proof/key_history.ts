/** The history of the office's keys (keys.jsonl): each line names a key, signed by it and by the one before. */
import { fromBase64, sha256, toHex, utf8, type Bytes } from './bytes'
import { canonical, checkEd25519, keyId, readObject, type Signed } from './checkpoint'

export interface KeyHistory {
  /** Line 0, which stands for all: the others hang on it. */
  first: string
  keys: ReadonlyMap<string, Bytes>
  /** `unknown`: the lines hang together, this browser cannot check who signed them. */
  signed: Signed
}

const CONTEXT = utf8('yuntakan-key-v1\n')
const NOTHING = '0'.repeat(64)
const FIELDS = ['from', 'n', 'prev', 'public_key', 'sig_new', 'sig_old', 'v']
const MOST_LINES = 1000

/** The history of these lines; null where they are none. */
export async function readKeyHistory(lines: readonly string[]): Promise<KeyHistory | null> {
  const [first] = lines
  if (first === undefined || lines.length > MOST_LINES) return null
  const keys = new Map<string, Bytes>()
  let [prev, before, signed]: [string, Bytes | null, Signed] = [NOTHING, null, 'good']
  for (const [n, line] of lines.entries()) {
    const key = await readKey(line, n, prev, before)
    if (!key) return null
    if (key.signed === 'unknown') signed = 'unknown'
    keys.set(await keyId(key.publicKey), key.publicKey)
    prev = toHex(await sha256(utf8(line)))
    before = key.publicKey
  }
  return keys.size === lines.length ? { first, keys, signed } : null
}

async function readKey(line: string, n: number, prev: string, before: Bytes | null): Promise<{ publicKey: Bytes; signed: Signed } | null> {
  const fields = readObject(line)
  if (!fields || canonical(fields) !== line || Object.keys(fields).sort().join() !== FIELDS.join()) return null
  const { sig_new, sig_old, ...body } = fields
  const publicKey = fromBase64(String(body.public_key))
  if (body.v !== 1 || body.n !== n || body.prev !== prev || publicKey?.length !== 32) return null
  if (typeof sig_new !== 'string' || (before === null) !== (sig_old === null)) return null
  const said = utf8(canonical(body))
  const checks = [await checkEd25519(publicKey, CONTEXT, said, sig_new)]
  if (before) checks.push(await checkEd25519(before, CONTEXT, said, String(sig_old)))
  if (checks.includes('bad')) return null
  return { publicKey, signed: checks.includes('unknown') ? 'unknown' : 'good' }
}
