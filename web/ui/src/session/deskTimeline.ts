/** The replay's one timeline: entries of a session mapped onto the picture's time. All offsets are milliseconds from the origin. */
import type { Entry } from '../protocol/entries'
import { belongsTo, textOf, textsOf } from './deskEntries'
import { msOf, presenceOf } from './deskPresence'

export type LaneName = 'presence' | 'recording' | 'gap' | 'fix' | 'still' | 'check' | 'finding' | 'chat'
export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'mute'

export interface Mark {
  lane: LaneName
  seq: number
  startMs: number
  /** Null for a moment, an offset for a stretch. */
  endMs: number | null
  tone: Tone
  entry: Entry
}
export interface Lane {
  name: LaneName
  marks: Mark[]
}
export interface Range {
  originMs: number
  durationMs: number
}

const LANES: LaneName[] = ['recording', 'gap', 'fix', 'still', 'check', 'finding', 'chat']
const KIND_LANE: Record<string, LaneName> = {
  fix: 'fix', no_fix: 'fix', still: 'still', check: 'check', finding: 'finding', chat: 'chat', gap: 'gap', guidance: 'chat',
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

/** The moment an entry speaks of: for a still the arrival of its frame, for a gap its begin, else the time of the entry. */
export function momentOf(entry: Entry): number {
  if (entry.kind === 'still') return msOf(textOf(entry.payload, 'arrival_at', entry.at))
  if (entry.kind === 'gap') return msOf(textOf(entry.payload, 'started_at', entry.at))
  return msOf(entry.at)
}

/** Offset of an entry in the picture, clamped to it. */
export function offsetOf(entry: Entry, range: Range): number {
  return clamp(momentOf(entry) - range.originMs, 0, range.durationMs)
}

export function toFraction(offsetMs: number, durationMs: number): number {
  return durationMs > 0 ? clamp(offsetMs / durationMs, 0, 1) : 0
}

function toneOf(entry: Entry): Tone {
  if (entry.kind === 'fix') return fixTone(entry)
  if (entry.kind === 'no_fix') return 'mute'
  if (entry.kind === 'gap') return 'warn'
  if (entry.kind === 'check') return ({ pass: 'good', fail: 'bad' } as Record<string, Tone>)[textOf(entry.payload, 'result')] ?? 'plain'
  if (entry.kind === 'finding') return textOf(entry.payload, 'severity') === 'minor' ? 'warn' : 'bad'
  return 'plain'
}
function fixTone(entry: Entry): Tone {
  if (textsOf(entry.payload, 'doubts').length > 0) return 'warn'
  const containment = textOf(entry.payload, 'containment').toLowerCase()
  return containment === 'inside' ? 'good' : containment === 'outside' ? 'bad' : 'warn'
}

function markOf(entry: Entry, lane: LaneName, range: Range): Mark {
  const startMs = offsetOf(entry, range)
  const endedAt = entry.kind === 'gap' ? textOf(entry.payload, 'ended_at') : ''
  const endMs = endedAt ? clamp(msOf(endedAt) - range.originMs, startMs, range.durationMs) : null
  return { lane, seq: entry.seq, startMs, endMs, tone: toneOf(entry), entry }
}

function recordingMarks(entries: Entry[], range: Range): Mark[] {
  const marks: Mark[] = []
  for (const entry of entries) {
    const open = marks.find((m) => m.endMs === null)
    const on = entry.kind === 'recording' && entry.payload.on === true
    const off = (entry.kind === 'recording' && !on) || entry.kind === 'session_ended'
    if (on && !open) marks.push({ lane: 'recording', seq: entry.seq, startMs: offsetOf(entry, range), endMs: null, tone: 'good', entry })
    if (off && open) open.endMs = offsetOf(entry, range)
  }
  return marks.map((m) => ({ ...m, endMs: m.endMs ?? range.durationMs }))
}

/** Every lane of a session, in the order of the screen; entries of other sessions are left out. */
export function lanesOf(entries: Entry[], sessionId: string, range: Range): Lane[] {
  const own = entries.filter((e) => belongsTo(e, sessionId))
  const lanes = new Map<LaneName, Mark[]>(LANES.map((name) => [name, []]))
  lanes.set('recording', recordingMarks(own, range))
  for (const entry of own) {
    const lane = KIND_LANE[entry.kind]
    if (lane) lanes.get(lane)?.push(markOf(entry, lane, range))
  }
  return LANES.map((name) => ({ name, marks: lanes.get(name) ?? [] }))
}

export interface Span {
  startMs: number
  endMs: number
}
export interface PresenceLane {
  id: string
  name: string
  role: string
  spans: Span[]
}

/** Presence of each person, and the marked minutes, as offsets within the picture. */
export function presenceLanes(entries: Entry[], sessionId: string, range: Range): { people: PresenceLane[]; marked: Span[] } {
  const presence = presenceOf(entries, sessionId, range.originMs + range.durationMs)
  const shift = (s: Span): Span => ({
    startMs: clamp(s.startMs - range.originMs, 0, range.durationMs), endMs: clamp(s.endMs - range.originMs, 0, range.durationMs),
  })
  const visible = (list: Span[]): Span[] => list.map(shift).filter((s) => s.endMs > s.startMs)
  return {
    people: presence.people.map((p) => ({ id: p.participant_id, name: p.name, role: p.role, spans: visible(p.stretches) })),
    marked: visible(presence.marked),
  }
}

/** Index of the last entry at or before the playhead in a list sorted by moment; -1 before the first. */
export function currentIndex(moments: number[], nowMs: number): number {
  let [low, high] = [0, moments.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((moments[middle] as number) <= nowMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** `m:ss`, or `h:mm:ss` from an hour on. */
export function clockText(offsetMs: number): string {
  const total = Math.max(0, Math.floor(offsetMs / 1000))
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60]
  const two = (n: number): string => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** Round tick offsets so that a ruler shows about `wanted` labels. */
export function ticksOf(durationMs: number, wanted = 8): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((s) => s * 1000)
  const step = steps.find((s) => durationMs / s <= wanted) ?? 3600 * 1000
  const ticks: number[] = []
  for (let at = 0; at <= durationMs; at += step) ticks.push(at)
  return ticks
}
