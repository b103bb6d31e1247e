/** Who has to sign a summary and who has. */
import type { Participant } from '../protocol/events'
import type { SignatureRow } from '../protocol/reduce'

export interface Signer {
  key: string
  name: string
  role: string
  own: boolean
  signature: SignatureRow | null
}

/** Inspectors and applicant, each with their signature; a signature of somebody who has gone stays listed. */
export function signersOf(participants: Participant[], signatures: SignatureRow[], ownIds: readonly string[]): Signer[] {
  const left = [...signatures]
  const take = (one: Participant): SignatureRow | null => {
    const index = left.findIndex((s) => s.actor.role === one.role && (s.actor.id === one.id || s.actor.name === one.name))
    return index < 0 ? null : (left.splice(index, 1)[0] ?? null)
  }
  const here = participants
    .filter((p) => p.role === 'inspector' || p.role === 'applicant')
    .map((p): Signer => ({ key: p.id, name: p.name, role: p.role, own: ownIds.includes(p.id), signature: take(p) }))
  const gone = left.map((s): Signer => ({ key: `${s.actor.role}-${s.actor.id}`, name: s.actor.name, role: s.actor.role, own: ownIds.includes(s.actor.id), signature: s }))
  return [...here, ...gone]
}
