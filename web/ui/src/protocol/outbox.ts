/**
 * Acts that the server has not acknowledged yet, oldest first. Decisions and acts that hold typed text are also kept in
 * storage, so that a reload of the page loses nothing a person wrote or decided.
 *
 * Bound: 100 acts. When full, the oldest measurement (place, device state) makes room; without one the new act is
 * refused and the caller tells the person.
 */
export interface Act {
  key: string
  event: string
  body: Record<string, unknown>
}

export type TextStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const MEASUREMENTS = new Set(['fix:report', 'device:report'])
const DECISIONS = new Set(['session:stop', 'summary:sign']) // never lost, even without a word beside them
const TEXT_FIELDS = ['text', 'note', 'statement', 'reason']
const OUTBOX_LIMIT = 100

export class Outbox {
  private acts: Act[] = []

  constructor(
    private readonly name: string,
    private readonly storage: TextStorage | null,
    private readonly limit = OUTBOX_LIMIT,
  ) {
    this.acts = this.stored()
  }

  get waiting(): readonly Act[] {
    return this.acts
  }

  /** False when there is no room. */
  add(act: Act): boolean {
    if (this.acts.length >= this.limit && !this.makeRoom()) return false
    this.acts = [...this.acts, act]
    this.save()
    return true
  }

  remove(key: string): void {
    this.acts = this.acts.filter((act) => act.key !== key)
    this.save()
  }

  has(key: string): boolean {
    return this.acts.some((act) => act.key === key)
  }

  private makeRoom(): boolean {
    const oldest = this.acts.find((act) => MEASUREMENTS.has(act.event))
    if (!oldest) return false
    this.acts = this.acts.filter((act) => act !== oldest)
    return true
  }

  private save(): void {
    const typed = this.acts.filter((act) => DECISIONS.has(act.event) || holdsText(act))
    try {
      if (typed.length === 0) this.storage?.removeItem(this.name)
      else this.storage?.setItem(this.name, JSON.stringify(typed))
    } catch {
      // Storage full or forbidden (private windows): the acts still live in memory until the page goes.
    }
  }

  private stored(): Act[] {
    try {
      const found: unknown = JSON.parse(this.storage?.getItem(this.name) ?? '[]')
      return Array.isArray(found) ? found.filter(isAct) : []
    } catch {
      return [] // unreadable leftovers of an older page
    }
  }
}

function holdsText(act: Act): boolean {
  return TEXT_FIELDS.some((field) => typeof act.body[field] === 'string' && act.body[field] !== '')
}

function isAct(value: unknown): value is Act {
  const act = value as Partial<Act> | null
  return typeof act?.key === 'string' && typeof act.event === 'string' && typeof act.body === 'object'
}
