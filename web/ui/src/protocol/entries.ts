/**
 * Entries of the ledger as the pages read them. Only the kinds and fields that a page shows are typed; an unknown kind
 * is legal and changes nothing on screen, so that an older page survives a newer server.
 */
export type { CheckResult, EndCause, FindingState, Nature, Seen } from './messages'

export interface EntryActor {
  role: string
  id: string
  name: string
  level: string
}

export interface Entry {
  seq: number
  kind: string
  actor: EntryActor
  subject: string | null
  at: string
  device_at: string | null
  payload: Record<string, unknown>
}

export type Containment = 'inside' | 'outside' | 'uncertain'

/** Payload fields, read defensively: an entry that lacks one yields `null`, `''`, `0` or `[]`, never an exception. */
export class Fields {
  constructor(private readonly raw: Record<string, unknown>) {}

  text(name: string): string {
    return plainText(this.raw[name])
  }

  textOrNull(name: string): string | null {
    return this.text(name) || null
  }

  number(name: string): number | null {
    const value = this.raw[name]
    return typeof value === 'number' ? value : null
  }

  flag(name: string): boolean {
    return this.raw[name] === true
  }

  texts(name: string): string[] {
    const value = this.raw[name]
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
  }

  list(name: string): Fields[] {
    const value = this.raw[name]
    return Array.isArray(value) ? value.map((item) => new Fields(asRecord(item))) : []
  }

  child(name: string): Fields {
    return new Fields(asRecord(this.raw[name]))
  }
}

/** A text; what was erased says so in the words that the server uses for rows. */
function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  return asRecord(value).erased === true ? '（已依规定删除）' : ''
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
