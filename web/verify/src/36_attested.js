// What entries say about files: collected while the ledger is read, held against the members afterwards.

class Attested {
  constructor() {
    this.tracks = new Map() // by track id: {session, track, segments}
    this.files = new Map() // by member: {seq, member, sha256, size, code, still, tilesRoot}
    this.sessions = new Map()
    this.counts = new Map()
    this.gaps = new Map()
    this.erasedAt = new Map() // by class: the last entry that says it was erased
    this.kept = { timestamp: [], timestamp_failed: [], challenge: [], page_key: [], signatures: [], track: [] }
    this.first = null
    this.last = null
    this.backward = 0
  }

  count(kind) {
    return this.counts.get(kind) ?? 0
  }

  track(entry, session, track) {
    need(isPlainName(`journal/${session}/${track}.ytj`), 'ledger_unparsable', whereEntry(entry.seq))
    if (!this.tracks.has(track)) this.tracks.set(track, { session, track, segments: [] })
    return this.tracks.get(track)
  }

  file(seq, member, sha256, code, more = {}) {
    need(isPlainName(member), 'ledger_unparsable', whereEntry(seq))
    need(!this.files.has(member), 'ledger_unparsable', whereEntry(seq))
    this.files.set(member, { seq, member, sha256, code, ...more })
  }
}

const TAKERS = {
  session_created: (attested, { payload }) => attested.sessions.set(payload.session_id, payload.nature),
  track: (attested, entry) => attested.track(entry, entry.payload.session_id, entry.payload.track_id),
  segment: takeSegment,
  recovered: takeSegment,
  torn(attested, entry) {
    const { session_id: session, track_id: track } = entry.payload
    if (!attested.tracks.has(track) && session != null) attested.track(entry, session, track)
  },
  gap(attested, { payload }) {
    const ms = new Date(payload.ended_at) - new Date(payload.started_at)
    attested.gaps.set(payload.cause, (attested.gaps.get(payload.cause) ?? 0) + Math.max(0, ms))
  },
  still(attested, { seq, payload }) {
    const { still_id: still, jpeg_sha256: sha, jpeg_bytes: size, tiles_root: tilesRoot, width, height } = payload
    attested.file(seq, `stills/${still}.jpg`, sha, 'still_digest', { size, still, tilesRoot, width, height })
  },
  rectification(attested, { seq, payload }) {
    if (payload.file == null) return
    need(payload.sha256 != null, 'ledger_unparsable', whereEntry(seq))
    const extension = payload.file.slice(payload.file.lastIndexOf('.') + 1)
    attested.file(seq, `rectifications/${payload.rectification_id}.${extension}`, payload.sha256, 'file_digest')
  },
  timestamp(attested, { seq, payload }) {
    need(payload.file.startsWith('timestamps/'), 'ledger_unparsable', whereEntry(seq))
    attested.file(seq, payload.file, payload.token_sha256, 'timestamp_digest')
  },
  erased: (attested, { seq, payload }) => payload.classes.forEach((one) => attested.erasedAt.set(one, seq)),
}

function takeEntry(attested, entry) {
  attested.counts.set(entry.kind, attested.count(entry.kind) + 1)
  attested.first ??= entry.at
  if (attested.last !== null && entry.at < attested.last) attested.backward += 1
  attested.last = entry.at
  if (Object.hasOwn(attested.kept, entry.kind)) attested.kept[entry.kind].push(entry)
  if (Object.hasOwn(TAKERS, entry.kind)) TAKERS[entry.kind](attested, entry)
}

function takeSegment(attested, entry) {
  const { session_id: session, track_id: track, index, offset, length, sha256: own, running_sha256: running } = entry.payload
  const claim = attested.track(entry, session, track)
  need(claim.session === session, 'ledger_unparsable', whereEntry(entry.seq))
  claim.segments.push({ seq: entry.seq, index, offset, length, own, running })
}

/** By offset; a range that is stated twice in the same words counts once. */
function segmentsInOrder(claim) {
  const seen = new Map()
  for (const one of claim.segments) {
    const words = `${one.offset} ${one.length} ${one.own} ${one.running}`
    if (!seen.has(words)) seen.set(words, one)
  }
  return [...seen.values()].sort((a, b) => a.offset - b.offset || a.length - b.length)
}
