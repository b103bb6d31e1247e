/** Who was there when, and which stretches do not count as verification (单人时段,不作核查依据). */
import type { Entry } from '../protocol/entries'
import { belongsTo, textOf } from './deskEntries'

export interface Stretch {
  startMs: number
  endMs: number
}
export interface PersonPresence {
  participant_id: string
  name: string
  role: string
  stretches: Stretch[]
}
export interface Presence {
  people: PersonPresence[]
  marked: Stretch[]
}

/** Unix milliseconds of an RFC 3339 text. */
export function msOf(at: string): number {
  return Date.parse(at)
}

function open(list: Stretch[], startMs: number): void {
  const last = list[list.length - 1]
  if (!last || last.endMs !== Infinity) list.push({ startMs, endMs: Infinity })
}
function close(list: Stretch[], endMs: number): void {
  const last = list[list.length - 1]
  if (last && last.endMs === Infinity) last.endMs = endMs
}

/**
 * Stretches from the `presence` entries of a session. Whatever is still open ends with the session, or at `untilMs`.
 * Times are unix milliseconds.
 */
export function presenceOf(entries: Entry[], sessionId: string, untilMs: number): Presence {
  const people = new Map<string, PersonPresence>()
  const marked: Stretch[] = []
  let endMs = untilMs
  for (const entry of entries) {
    if (!belongsTo(entry, sessionId)) continue
    if (entry.kind === 'session_ended') endMs = Math.min(endMs, msOf(entry.at))
    if (entry.kind === 'presence') applyPresence(entry, people, marked)
  }
  const closeAll = (list: Stretch[]): Stretch[] => (close(list, endMs), list.filter((s) => s.endMs > s.startMs))
  return { people: [...people.values()].map((p) => ({ ...p, stretches: closeAll(p.stretches) })), marked: closeAll(marked) }
}

function applyPresence(entry: Entry, people: Map<string, PersonPresence>, marked: Stretch[]): void {
  const payload = entry.payload
  const id = textOf(payload, 'participant_id')
  const person = people.get(id) ?? { participant_id: id, name: textOf(payload, 'name'), role: textOf(payload, 'role'), stretches: [] }
  people.set(id, person)
  const toggle = payload.present === true ? open : close
  toggle(person.stretches, msOf(entry.at))
  const mark = payload.marked === true ? open : close
  mark(marked, msOf(entry.at))
}

export function totalMs(stretches: Stretch[]): number {
  return stretches.reduce((sum, s) => sum + (s.endMs - s.startMs), 0)
}
