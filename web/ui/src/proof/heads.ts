/**
 * One page's own watch over one ledger: it keeps the first and the newest signed head, and checks that each new one
 * continues the one before. What it cannot check for now it says; a contradiction it keeps, both heads, for good.
 */
import type { Result } from '@/protocol/problem'
import { canDigest } from './bytes'
import { checkSignature, codeOf, parseCheckpoint, type Checkpoint, type Signed } from './checkpoint'
import { KeptHeads, type Contradiction, type Kept } from './kept_heads'
import { readKeyHistory, type KeyHistory } from './key_history'
import { isConsistent } from './merkle'

/** A head as the server sends it; `proof` shows that it continues the one of size `after`. */
export interface Heard {
  line: string
  after: number
  proof: readonly string[]
}

/**
 * `fork`: two heads of one size differ. `rewritten`: a later head does not continue an earlier one. `shortened`: the
 * server's ledger ends before a head that it had signed. `signature`, `key`: a head is not signed as it has to be.
 */
export type Trouble = 'fork' | 'rewritten' | 'shortened' | 'signature' | 'key'

/** What the keeper asks the server for. */
export interface HeadSource {
  proof(first: number, second: number): Promise<Result<readonly string[]>>
  keys(): Promise<Result<readonly string[]>>
}

export interface HeadState {
  first: Checkpoint | null
  newest: Checkpoint | null
  /** The newest head's line and its code. */
  line: string
  code: string
  signed: Signed
  /** `open`: there is a newer head which could not be checked yet. */
  progress: 'none' | 'checked' | 'open'
  contradiction: Contradiction | null
}

/** The code with which the server says that its ledger has no such size. */
export const BEYOND = 'receipt_beyond'
const NO_STATE: HeadState = { first: null, newest: null, line: '', code: '', signed: 'unknown', progress: 'none', contradiction: null }

type Compared = 'earlier' | 'later' | 'open' | Trouble

export class HeadKeeper {
  state: HeadState = NO_STATE
  private kept: Kept | null
  private history: KeyHistory | null = null
  private waiting: Heard | null = null
  private working: Promise<void> | null = null

  constructor(
    private readonly inspectionId: string,
    private readonly source: HeadSource,
    private readonly onChange: (state: HeadState) => void = () => undefined,
    private readonly heads: KeptHeads = new KeptHeads(),
    private readonly now: () => string = () => new Date().toISOString(),
  ) {
    this.kept = heads.find(inspectionId)
  }

  /** Shows what was kept before, without asking anybody. */
  async recall(): Promise<void> {
    if (this.kept) await this.show('unknown', 'open')
  }

  /** Takes a head; while one is being checked only the newest waits. Resolves when none waits any more. */
  take(heard: Heard): Promise<void> {
    this.waiting = heard
    this.working ??= this.work().finally(() => (this.working = null))
    return this.working
  }

  private async work(): Promise<void> {
    while (this.waiting) {
      const heard = this.waiting
      this.waiting = null
      await this.judge(heard)
    }
  }

  private async judge(heard: Heard): Promise<void> {
    const head = parseCheckpoint(heard.line)
    if (head?.inspection !== this.inspectionId || this.kept?.contradiction) return
    if (!canDigest()) return this.keep(heard.line, 'unknown', 'open')
    const signed = await this.checkSigned(head)
    const found = signed === 'key' || signed === 'bad' ? signed : await this.compare(head, heard)
    switch (found) {
      case 'earlier':
        return
      case 'later':
        return this.keep(heard.line, signed as Signed, 'checked')
      case 'open':
        return this.show(this.state.signed, 'open')
      default:
        return this.contradict(found === 'bad' ? 'signature' : found, heard.line)
    }
  }

  /** Keys are asked for once, and again when a head names one that is not known. */
  private async checkSigned(head: Checkpoint): Promise<Signed | 'key'> {
    if (!this.history?.keys.has(head.key)) {
      const lines = await this.source.keys()
      if (!lines.ok) return 'unknown'
      this.history = await readKeyHistory(lines.value)
      if (!this.history || (this.kept?.key ?? this.history.first) !== this.history.first) return 'key'
    }
    const key = this.history.keys.get(head.key)
    if (!key) return 'key'
    const signed = await checkSignature(head, key)
    return signed === 'good' ? this.history.signed : signed
  }

  private async compare(head: Checkpoint, heard: Heard): Promise<Compared> {
    const newest = this.kept ? parseCheckpoint(this.kept.newest) : null
    if (!newest) return 'later'
    if (head.size === newest.size) return head.root === newest.root ? 'later' : 'fork'
    const [first, second] = head.size > newest.size ? [newest, head] : [head, newest]
    const proof = heard.after === first.size && second === head ? heard.proof : await this.askProof(first.size, second.size)
    if (proof === 'open' || proof === 'shortened') return proof
    if (await isConsistent(first, second, proof)) return second === head ? 'later' : 'earlier'
    return 'rewritten'
  }

  private async askProof(first: number, second: number): Promise<readonly string[] | 'open' | 'shortened'> {
    const answer = await this.source.proof(first, second)
    if (answer.ok) return answer.value
    return answer.problem.code === BEYOND ? 'shortened' : 'open'
  }

  private keep(line: string, signed: Signed, progress: HeadState['progress']): Promise<void> {
    this.kept = { first: line, key: null, contradiction: null, ...this.kept, newest: line }
    this.kept.key ??= this.history?.first ?? null
    this.heads.save(this.inspectionId, this.kept)
    return this.show(signed, progress)
  }

  private contradict(what: Trouble, later: string): Promise<void> {
    const earlier = this.kept?.newest ?? ''
    const contradiction = { what, earlier, later, noticedAt: this.now() }
    this.kept = { first: later, newest: later, key: null, ...this.kept, contradiction }
    this.heads.save(this.inspectionId, this.kept)
    return this.show(this.state.signed, 'open')
  }

  private async show(signed: Signed, progress: HeadState['progress']): Promise<void> {
    const { first, newest, contradiction } = this.kept ?? { first: '', newest: '', contradiction: null }
    const head = parseCheckpoint(newest)
    const code = head && canDigest() ? await codeOf(head) : ''
    this.state = { first: parseCheckpoint(first), newest: head, line: newest, code, signed, progress, contradiction }
    this.onChange(this.state)
  }
}

/** Both heads of a contradiction as a file for others: each line is a receipt by itself. */
export function evidenceText({ earlier, later }: Contradiction): string {
  return [earlier, later].filter((line) => line !== '').map((line) => `${line}\n`).join('')
}
