/** What this browser keeps of each inspection's heads: the first, the newest, and a contradiction for good. */
import type { Trouble } from './heads'
import { parseCheckpoint } from './checkpoint'

/** Two heads of one ledger that cannot both be true, as they came. */
export interface Contradiction {
  what: Trouble
  earlier: string
  later: string
  noticedAt: string
}

export interface Kept {
  first: string
  newest: string
  /** Line 0 of the office's key history, as it was first seen. */
  key: string | null
  contradiction: Contradiction | null
}

type PageStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

const PREFIX = 'ytk-heads-'
const MOST_INSPECTIONS = 30

/** Where storage is forbidden or full (private windows), heads live as long as the page. */
export class KeptHeads {
  private readonly here = new Map<string, Kept>()

  constructor(private readonly storage: PageStorage | null = pageStorage()) {}

  find(inspectionId: string): Kept | null {
    return this.here.get(inspectionId) ?? this.read(PREFIX + inspectionId)
  }

  save(inspectionId: string, kept: Kept): void {
    this.here.set(inspectionId, kept)
    try {
      if (this.storage?.getItem(PREFIX + inspectionId) === null) this.makeRoom()
      this.storage?.setItem(PREFIX + inspectionId, JSON.stringify(kept))
    } catch {
      // Storage full or forbidden: the page keeps it as long as it lives, and the call goes on.
    }
  }

  /** The inspection whose newest head is oldest goes first; contradictions go last. */
  private makeRoom(): void {
    const names = Array.from({ length: this.storage?.length ?? 0 }, (_, at) => this.storage?.key(at) ?? '').filter((name) => name.startsWith(PREFIX))
    const byAge = names.map((name) => ({ name, rank: rankOf(this.read(name)) })).sort((a, b) => (a.rank < b.rank ? -1 : 1))
    for (const { name } of byAge.slice(0, Math.max(0, names.length - MOST_INSPECTIONS + 1))) this.storage?.removeItem(name)
  }

  private read(name: string): Kept | null {
    try {
      const kept = JSON.parse(this.storage?.getItem(name) ?? 'null') as Kept | null
      return kept && parseCheckpoint(kept.first) && parseCheckpoint(kept.newest) ? kept : null
    } catch {
      return null
    }
  }
}

function rankOf(kept: Kept | null): string {
  return kept ? `${kept.contradiction ? 2 : 1} ${parseCheckpoint(kept.newest)?.at}` : '0'
}

function pageStorage(): PageStorage | null {
  try {
    return globalThis.localStorage ?? null
  } catch {
    return null
  }
}
