/** Small readings of a ledger entry that several desk pages share. */
import { Fields, type Entry } from '../protocol/entries'

export function textOf(payload: Record<string, unknown>, key: string, fallback = ''): string {
  return new Fields(payload).text(key) || fallback
}

export function textsOf(payload: Record<string, unknown>, key: string): string[] {
  return new Fields(payload).texts(key)
}

/** Whether an entry speaks of this session; entries of the case as a whole belong to none. */
export function belongsTo(entry: Entry, sessionId: string): boolean {
  return entry.payload.session_id === sessionId || entry.subject === sessionId
}

export interface EntryWords {
  word: (group: string, value: string | null | undefined) => string
}

type Line = (f: Fields, words: EntryWords) => string
const join = (...parts: string[]): string => parts.filter((p) => p !== '').join(' · ')

const LINES: Record<string, Line> = {
  opened: (f) => join(f.text('number'), f.child('premises').text('name')),
  session_created: (f, w) => join(w.word('nature', f.text('nature')), f.text('number')),
  agreed: (f, w) => join(w.word('agreedTo', f.text('to')), w.word('common', f.flag('yes') ? 'yes' : 'no')),
  identity: (f) => join(f.text('level'), f.text('how')),
  presence: (f, w) => join(f.text('name'), w.word('console', f.flag('present') ? 'present' : 'absent'), f.flag('marked') ? w.word('console', 'marked') : ''),
  recording: (f, w) => join(w.word('console', f.flag('on') ? 'recording' : 'notRecording'), f.text('cause') && w.word('recordingCause', f.text('cause'))),
  gap: (f, w) => join(w.word('gapCause', f.text('cause')), lengthOf(f.text('started_at'), f.text('ended_at')), f.text('cause') === 'loss' || f.text('cause') === 'disk' ? w.word('gapPackets', 'label') + ' ' + (f.number('packets') ?? 0) : ''),
  torn: (f, w) => join(w.word('torn', f.flag('kept') ? 'kept' : 'cut'), `${f.number('bytes') ?? 0} B`),
  clock: clockLine,
  phone_clock: (f) => `${signed((f.number('offset_ms') ?? 0) / 1000)} s`,
  timestamp: (f, w) => join(f.text('authority'), f.text('gen_time'), f.flag('is_test') ? w.word('stamp', 'test') : ''),
  timestamp_failed: (f, w) => join(f.text('authority'), w.word('stampFailure', f.text('cause'))),
  challenge: (f) => f.text('code'),
  fix: (f, w) => join(`±${Math.round((f.child('position').number('accuracy_cm') ?? 0) / 100)} m`, w.word('containment', f.text('containment').toLowerCase()), f.texts('doubts').map((d) => w.word('doubt', d)).join(' ')),
  no_fix: (f, w) => w.word('noFix', f.text('cause')),
  check: (f, w) => join(f.text('title'), w.word('seen', f.text('seen')), w.word('result', f.text('result')), f.text('note')),
  still: (f, w) => join(w.word('stillReason', f.text('reason')), f.text('lookup')),
  guidance: (f, w) => w.word('guidanceWhat', f.text('what')),
  finding: (f, w) => join(w.word('finding', f.text('severity')), f.text('text')),
  dispute_answer: (f, w) => join(w.word('finding', f.flag('upheld') ? 'upheld' : 'withdrawn'), f.text('text')),
  signature: (f, w) => join(w.word('summary.decision', f.text('decision')), f.text('statement')),
  session_ended: (f, w) => w.word('endCause', f.text('cause')),
  opinion: (f, w) => join(w.word('opinion', f.text('opinion')), f.text('text')),
  view: (f) => f.text('what'),
  page_key: (f) => join(f.text('browser'), f.text('fingerprint').slice(0, 16)),
  signatures: (f) => join(`${f.number('signed') ?? 0} / ${f.number('frames') ?? 0}`, f.number('broken') ? `✗ ${f.number('broken')}` : ''),
  site_visit: (f) => f.texts('visitors').join(' '),
}

/** The relay tells of steps, the kernel of NTP. */
function clockLine(f: Fields, w: EntryWords): string {
  const stepUs = f.number('step_us')
  if (stepUs !== null) return join(w.word('clockStep', 'label'), `${(stepUs / 1e6).toFixed(3)} s`)
  if (f.text('source') !== 'ntp') return w.word('clockNtp', 'unknown')
  return join(w.word('clockNtp', f.flag('synchronised') ? 'held' : 'free'), `${signed((f.number('offset_us') ?? 0) / 1e6, 6)} s`)
}

const signed = (value: number, digits = 1): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`

function lengthOf(startedAt: string, endedAt: string): string {
  const ms = Date.parse(endedAt) - Date.parse(startedAt)
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(1)} s` : ''
}

/** One line that says what an entry holds, in the reader's language. */
export function lineOf(entry: Entry, words: EntryWords): string {
  const fields = new Fields(entry.payload)
  const line = LINES[entry.kind]
  return line ? line(fields, words) : fields.text('text') || fields.text('reason')
}
