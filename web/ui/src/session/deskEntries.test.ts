import { describe, expect, it } from 'vitest'
import type { Entry } from '../protocol/entries'
import { lineOf } from './deskEntries'

const entry = (kind: string, payload: Record<string, unknown>): Entry =>
  ({ seq: 1, kind, at: '', device_at: null, subject: null, actor: { role: 'system', id: '', name: '', level: '' }, payload }) as Entry
const words = { word: (group: string, value: string | null | undefined) => `${group}.${value ?? ''}` }
const span = { started_at: '2026-05-06T01:30:00.000Z', ended_at: '2026-05-06T01:30:02.500Z' }

describe('what an entry says in one line', () => {
  it('names the cause of a gap and how long it was', () => {
    expect(lineOf(entry('gap', { cause: 'freeze', packets: 0, ...span }), words)).toBe('gapCause.freeze · 2.5 s')
  })
  it('counts the packets of a loss', () => {
    expect(lineOf(entry('gap', { cause: 'loss', packets: 7, ...span }), words)).toBe('gapCause.loss · 2.5 s · gapPackets.label 7')
  })
  it('tells bytes that were cut from bytes that were kept', () => {
    expect(lineOf(entry('torn', { bytes: 9 }), words)).toBe('torn.cut · 9 B')
    expect(lineOf(entry('torn', { bytes: 9, kept: true }), words)).toBe('torn.kept · 9 B')
  })
  it('says by how much the clock was set', () => {
    expect(lineOf(entry('clock', { step_us: -1_500_000 }), words)).toBe('clockStep.label · -1.500 s')
  })
})
