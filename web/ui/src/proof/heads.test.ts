// @vitest-environment node
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { fail, succeed, type Result } from '@/protocol/problem'
import { canonical, parseCheckpoint } from './checkpoint'
import { BEYOND, evidenceText, HeadKeeper, type Heard, type HeadSource } from './heads'
import { KeptHeads } from './kept_heads'
import { headOf, lineOf, proofOf, vectors } from './vectors'

class MemoryStorage {
  readonly items = new Map<string, string>()
  get length() {
    return this.items.size
  }
  key = (at: number) => [...this.items.keys()][at] ?? null
  getItem = (name: string) => this.items.get(name) ?? null
  setItem = (name: string, value: string) => void this.items.set(name, value)
  removeItem = (name: string) => void this.items.delete(name)
}

const INSPECTION = headOf(1).inspection
const OTHER_ROOT = 'ab'.repeat(32)

class Server implements HeadSource {
  asked: [number, number][] = []
  answer: Result<readonly string[]> | null = null
  lines: Result<readonly string[]> = succeed([vectors.keys[0] as string])

  proof = async (first: number, second: number) => {
    this.asked.push([first, second])
    return this.answer ?? succeed(proofOf(first, second))
  }
  keys = async () => this.lines
}

let storage: MemoryStorage
let server: Server

const make = (): HeadKeeper => new HeadKeeper(INSPECTION, server, undefined, new KeptHeads(storage), () => 'now')
const heard = (after: number, size: number): Heard => ({ line: lineOf(size), after, proof: proofOf(after, size) })
/** What a server says that tells another story: nothing here can be signed, so signatures do not speak. */
const unsigned = (): void => void (server.lines = fail('network_unreachable', '', true))
const changed = (size: number, change: Record<string, unknown>): string => canonical({ v: 1, ...headOf(size), ...change })

async function having(...sizes: number[]): Promise<HeadKeeper> {
  const keeper = make()
  for (const [at, size] of sizes.entries()) await keeper.take(heard(sizes[at - 1] ?? size, size))
  return keeper
}

beforeEach(() => {
  storage = new MemoryStorage()
  server = new Server()
})

describe('heads that continue each other', () => {
  it('keeps the first and the newest, checked by itself, with the code', async () => {
    const { state } = await having(1, 3, 12, 33)
    expect([state.first?.size, state.newest?.size, state.progress, state.signed]).toEqual([1, 33, 'checked', 'good'])
    expect(state.code).toBe(vectors.receipts.find(({ line }) => line === state.line)?.code)
    expect(server.asked).toEqual([])
  })

  it('asks for the proof where the one that came begins elsewhere', async () => {
    const keeper = await having(3)
    await keeper.take(heard(7, 12))
    expect(server.asked).toEqual([[3, 12]])
    expect([keeper.state.newest?.size, keeper.state.progress]).toEqual([12, 'checked'])
  })

  it('goes on from what the browser has kept over a reload', async () => {
    await having(1, 7)
    const again = make()
    await again.recall()
    expect([again.state.newest?.size, again.state.progress]).toEqual([7, 'open'])
    await again.take(heard(16, 21))
    expect([again.state.first?.size, again.state.newest?.size, server.asked]).toEqual([1, 21, [[7, 21]]])
  })

  it('lets a head pass that is older and belongs to the newer one', async () => {
    const keeper = await having(3, 12)
    await keeper.take(heard(7, 7))
    expect([keeper.state.newest?.size, keeper.state.contradiction, server.asked]).toEqual([12, null, [[7, 12]]])
  })

  it('takes the keys that took over by the old ones', async () => {
    const keeper = await having(21)
    server.lines = succeed(vectors.keys)
    await keeper.take({ line: vectors.by_the_second_key, after: 21, proof: proofOf(21, 33) })
    expect([keeper.state.newest?.size, keeper.state.signed, keeper.state.contradiction]).toEqual([33, 'good', null])
  })

  it('of heads that come too fast only looks at the newest', async () => {
    const keeper = make()
    await Promise.all([keeper.take(heard(1, 1)), keeper.take(heard(1, 2)), keeper.take(heard(2, 7)), keeper.take(heard(7, 16))])
    expect([keeper.state.first?.size, keeper.state.newest?.size, server.asked]).toEqual([1, 16, [[1, 16]]])
  })
})

describe('heads that cannot be checked for now', () => {
  it('says so, keeps what it had, and catches up with the next one', async () => {
    const keeper = await having(3)
    server.answer = fail('network_unreachable', '', true)
    await keeper.take(heard(7, 12))
    expect([keeper.state.newest?.size, keeper.state.progress, keeper.state.contradiction]).toEqual([3, 'open', null])
    server.answer = null
    await keeper.take(heard(12, 16))
    expect([keeper.state.newest?.size, keeper.state.progress]).toEqual([16, 'checked'])
  })

  it('still checks continuity where the browser knows no Ed25519 or the keys do not come', async () => {
    unsigned()
    expect((await having(3, 12)).state).toMatchObject({ signed: 'unknown', progress: 'checked' })
    storage.items.clear()
    server.lines = succeed(vectors.keys)
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('no', 'NotSupportedError'))
    expect((await having(3, 12)).state).toMatchObject({ signed: 'unknown', progress: 'checked', contradiction: null })
  })

  it('keeps heads unchecked on a page that may not reckon digests', async () => {
    vi.spyOn(globalThis, 'crypto', 'get').mockReturnValue({} as Crypto)
    const { state } = await having(3, 12)
    expect([state.newest?.size, state.progress, state.code]).toEqual([12, 'open', ''])
  })

  it('does not hear what is no head of this inspection', async () => {
    const keeper = await having(3)
    for (const line of ['', '{}', 'null', changed(12, { inspection: 'a'.repeat(26) })]) await keeper.take({ line, after: 3, proof: [] })
    expect(keeper.state).toMatchObject({ contradiction: null, progress: 'checked' })
  })
})

describe('heads that contradict each other', () => {
  const caught = async (keeper: HeadKeeper, later: Heard, what: string): Promise<void> => {
    const earlier = keeper.state.line
    await keeper.take(later)
    expect(keeper.state.contradiction).toEqual({ what, earlier, later: later.line, noticedAt: 'now' })
    expect(evidenceText(keeper.state.contradiction!)).toBe(`${earlier}\n${later.line}\n`)
  }

  it('are caught where two of one size differ', async () => {
    unsigned()
    await caught(await having(7), { line: changed(7, { root: OTHER_ROOT }), after: 7, proof: [] }, 'fork')
  })

  it('are caught where the later one does not continue the earlier one, whatever proof comes with it', async () => {
    unsigned()
    await caught(await having(7), { line: changed(12, { root: OTHER_ROOT }), after: 7, proof: proofOf(7, 12) }, 'rewritten')
  })

  it('are caught where a proof that was asked for does not hold', async () => {
    const keeper = await having(3)
    server.answer = succeed([OTHER_ROOT])
    await caught(keeper, heard(7, 12), 'rewritten')
  })

  it('are caught where the ledger has become shorter', async () => {
    const keeper = await having(12)
    server.answer = fail(BEYOND)
    await caught(keeper, heard(3, 3), 'shortened')
  })

  it('are caught where an older head is not part of the newer one', async () => {
    unsigned()
    await caught(await having(12), { line: changed(7, { root: OTHER_ROOT }), after: 7, proof: [] }, 'rewritten')
  })

  it('are caught where a signature does not fit', async () => {
    await caught(await having(7), { line: changed(12, { sig: headOf(7).sig }), after: 7, proof: proofOf(7, 12) }, 'signature')
  })

  it('are caught where the key is new and no old one vouches for it', async () => {
    await caught(await having(21), { line: vectors.by_the_second_key, after: 21, proof: proofOf(21, 33) }, 'key')
  })

  it('are caught where the whole history of keys is another', async () => {
    await having(3)
    server.lines = succeed([(vectors.keys[0] as string).replace('2026-05-06', '2026-05-07')])
    const again = make()
    await again.recall()
    await caught(again, heard(3, 7), 'key')
  })

  it('stay on record for good, over a reload and whatever comes later', async () => {
    unsigned()
    const keeper = await having(7)
    await keeper.take({ line: changed(7, { root: OTHER_ROOT }), after: 7, proof: [] })
    const again = make()
    await again.take(heard(7, 12))
    await again.recall()
    expect([again.state.contradiction?.what, again.state.newest?.size]).toEqual(['fork', 7])
  })
})

describe('what the browser keeps', () => {
  it('lives as long as the page where storage is forbidden', async () => {
    const forbidden = {
      get length(): number {
        throw new DOMException('no', 'SecurityError')
      },
      key: () => null,
      getItem: () => {
        throw new DOMException('no', 'SecurityError')
      },
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
      removeItem: () => undefined,
    }
    const keeper = new HeadKeeper(INSPECTION, server, undefined, new KeptHeads(forbidden))
    await keeper.take(heard(3, 3))
    await keeper.take(heard(3, 12))
    expect([keeper.state.newest?.size, keeper.state.progress]).toEqual([12, 'checked'])
  })

  it('is bounded: the oldest inspections go, those with a contradiction last', () => {
    const heads = new KeptHeads(storage)
    const kept = (at: number, broken: boolean) => ({
      first: lineOf(1),
      newest: changed(1, { at: `2026-01-01T00:00:${String(at).padStart(2, '0')}.000Z` }),
      key: null,
      contradiction: broken ? { what: 'fork' as const, earlier: '', later: '', noticedAt: '' } : null,
    })
    for (let at = 0; at < 40; at += 1) heads.save(`i${at}`, kept(at, at === 0))
    expect(storage.length).toBe(30)
    expect([...storage.items.keys()].slice(0, 2)).toEqual(['ytk-heads-i0', 'ytk-heads-i11'])
  })

  it('is not believed where it is no head', () => {
    storage.setItem(`ytk-heads-${INSPECTION}`, '{"first":"x","newest":1}')
    expect(new KeptHeads(storage).find(INSPECTION)).toBeNull()
    storage.setItem(`ytk-heads-${INSPECTION}`, '{')
    expect(new KeptHeads(storage).find(INSPECTION)).toBeNull()
    expect(parseCheckpoint(lineOf(1))).not.toBeNull()
  })
})
