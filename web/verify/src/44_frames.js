// Step 13: what the page's signatures behind video frames show, against what `signatures` entries say.

const FRAME_CONTEXT = utf8.encode('yuntakan-frame-v1\n')
const FRAME_MAGIC = utf8.encode('YTKF')
const SEI_NAME = fromHex('b1578f1fd5ec304026572012d93badca')
const TRAILER_FIELDS = 82 // counter 4, clock 6, stream 2, n 1, version 1, key id 4, signature 64
const MOST_WAITING = 254
const JOURNAL_HEADER_KEYS = 'clock_rate,codec,created_us,format_version,kind,participant_id,payload_type,role,session_id,ssrc,track_id'
const [UNSIGNED, SIGNED, SPOILED] = [0, 1, 2]

/** The trailer at the end of bytes from `from` on; null where it does not fit in. */
function parseTrailer(bytes, from) {
  const at = bytes.length - TRAILER_FIELDS
  if (at < from) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bytes[at + 12]
  const start = at - 16 * count
  if (start < from) return null
  const digests = Array.from({ length: count }, (_, n) => hex(bytes.subarray(start + 16 * n, start + 16 * n + 16)))
  return {
    digests, counter: view.getUint32(at), pageMs: view.getUint16(at + 4) * 4294967296 + view.getUint32(at + 6),
    stream: view.getUint16(at + 10), version: bytes[at + 13], keyId: hex(bytes.subarray(at + 14, at + 18)),
    covered: bytes.subarray(start, bytes.length - 64), signature: bytes.subarray(bytes.length - 64), first: view.getUint32(at) - count,
  }
}

/** {picture, isCarrier, trailer} of a frame. */
function splitFrame(parts, isH264) {
  if (isH264) return splitUnits(unitsOf(parts))
  const content = concat(...parts.map((part) => part.pieces[0][1]))
  if (!sameBytes(content.subarray(-4), FRAME_MAGIC)) return { picture: content, isCarrier: false, trailer: null }
  const trailer = parseTrailer(content.subarray(0, -4), 1)
  if (trailer === null) return { picture: content, isCarrier: true, trailer }
  return { picture: content.subarray(0, content.length - 68 - trailer.covered.length), isCarrier: true, trailer }
}

function splitUnits(units) {
  const carried = units.map(carriedBy)
  const others = units.filter((_, at) => carried[at] === null)
  const found = carried.filter((one) => one !== null)
  const lengths = (unit) => u64be(unit.length).subarray(4)
  const picture = concat(...others.flatMap((unit) => [lengths(unit), unit]))
  if (!found.length) return { picture, isCarrier: false, trailer: null }
  let trailer = found.length === 1 && others.length ? parseTrailer(found[0], 0) : null
  if (trailer && trailer.covered.length + 64 !== found[0].length) trailer = null
  return { picture, isCarrier: true, trailer }
}

/** What our SEI unit carries, empty where its lengths lie; null for any other unit. */
function carriedBy(unit) {
  if ((unit[0] & 31) !== 6) return null
  const content = withoutEmulation(unit.subarray(1))
  let size = 0
  let at = 1
  for (; content[at] === 0xff; at++) size += 255
  if (content[0] !== 5 || !sameBytes(content.subarray(at + 1, at + 17), SEI_NAME)) return null
  size += content[at]
  const end = at + 1 + size
  const right = content.length === end + 1 && content[end] === 0x80
  return right ? content.subarray(at + 17, end) : new Uint8Array(0)
}

/** H.264, 7.4.1: 00 00 03 stands for 00 00. */
function withoutEmulation(bytes) {
  const kept = []
  let zeros = 0
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0
      continue
    }
    zeros = byte === 0 ? zeros + 1 : 0
    kept.push(byte)
  }
  return Uint8Array.from(kept)
}

/** Counts one track's frames in order; `statuses` of those that are decided. */
class FrameCount {
  constructor() {
    this.statuses = []
    this.missing = new Map()
    this.jumps = new Set()
    this.last = null
    this.since = [] // digests of frames since the last carrier that held; '' of broken carriers
    this.waiting = 0
    this.aged = 0
  }

  take(frame, key) {
    const { trailer } = frame
    if (frame.isCarrier && key !== null && trailer !== null && this.follows(key, trailer)) {
      this.hold({ ...frame, key })
      return
    }
    this.since.push(frame.isCarrier ? '' : frame.digest)
    this.waiting += frame.isCarrier ? 0 : 1
    while (this.since.length && (this.waiting > MOST_WAITING || this.since[0] === '')) this.age()
  }

  finish() {
    while (this.since.length) this.age()
  }

  follows(key, trailer) {
    if (trailer.version !== 1 || trailer.first < 0) return false
    if (this.last === null) return true
    const { trailer: before } = this.last
    return key === this.last.key && trailer.stream === before.stream && trailer.first > before.counter
  }

  age() {
    const digest = this.since.shift()
    this.statuses.push(digest === '' ? SPOILED : UNSIGNED)
    this.waiting -= digest === '' ? 0 : 1
    this.aged += 1
  }

  hold(held) {
    const { trailer } = held
    const statuses = [...this.since.map((digest) => (digest === '' ? SPOILED : UNSIGNED)), SIGNED]
    const counters = [...this.matched(trailer), trailer.counter]
    const start = this.statuses.length
    let before = this.last === null ? null : this.last.trailer.counter
    let between = this.aged
    let waiting = []
    counters.forEach((counter, place) => {
      if (counter === null) {
        between += 1
        if (statuses[place] === UNSIGNED) waiting.push(place)
        return
      }
      if (before !== null) {
        const lost = counter - before - 1 - between
        if (lost > 0) this.missing.set(start + place, lost)
        const surplus = between - (Math.min(counter, trailer.first) - before - 1)
        if (surplus > 0) waiting.slice(-surplus).forEach((one) => (statuses[one] = SPOILED))
      }
      statuses[place] = SIGNED
      before = counter
      between = 0
      waiting = []
    })
    for (const status of statuses) this.statuses.push(status)
    if (this.last !== null && isClockJump(this.last, held)) this.jumps.add(this.statuses.length - 1)
    this.since = []
    this.last = held
    this.waiting = 0
    this.aged = 0
  }

  /** Of each waiting frame the counter that the trailer gives it, or null. */
  matched(trailer) {
    let at = 0
    return this.since.map((digest) => {
      const place = trailer.digests.indexOf(digest, at)
      if (place < 0) return null
      at = place + 1
      return trailer.first + place
    })
  }

  /** Sums from one frame to another, both included; null where they are not all decided. */
  facts(from, to) {
    if (to >= this.statuses.length) return null
    const part = this.statuses.slice(from, to + 1)
    const within = (at) => from <= at && at <= to
    return {
      frames: part.length,
      signed: part.filter((status) => status === SIGNED).length,
      broken: part.filter((status) => status === SPOILED).length,
      missing: [...this.missing].reduce((sum, [at, count]) => sum + (within(at) ? count : 0), 0),
      jumps: [...this.jumps].filter(within).length,
    }
  }
}

function isClockJump(last, now) {
  const pageMs = now.trailer.pageMs - last.trailer.pageMs
  const ticks = (now.timestamp - last.timestamp) % 4294967296 | 0
  const offArrival = Math.abs(1000 * pageMs - (now.arrivalUs - last.arrivalUs)) > 1000000
  const offRtp = Math.abs(90 * pageMs - ticks) > 90000
  return pageMs < 0 || (offArrival && offRtp)
}

/** Counts while journals are read for their digests, so that each is read once. */
class FrameCheck {
  constructor(attested) {
    this.isSigned = attested.kept.page_key.length + attested.kept.signatures.length > 0
    this.tracks = new Map()
    this.orphan = null
    const keys = new Map()
    for (const { payload } of attested.kept.page_key) {
      const raw = strictBase64(payload.public_key)
      const owner = `${payload.session_id} ${payload.participant_id}`
      if (raw) keys.set(owner, [...(keys.get(owner) ?? []), raw])
    }
    const told = [...attested.kept.track, ...attested.kept.signatures].sort((a, b) => a.seq - b.seq)
    for (const { seq, kind, payload } of told) {
      const { session_id: session, track_id: id } = payload
      if (kind === 'track') {
        if (payload.role !== 'applicant' || payload.kind !== 'video' || this.tracks.has(id)) continue
        this.tracks.set(id, { session, id, keys: keys.get(`${session} ${payload.participant_id}`) ?? [], claims: [], signed: null, isRecorded: Boolean(attested.tracks.get(id)?.segments.length) })
      } else if (this.tracks.get(id)?.session === session) this.tracks.get(id).claims.push({ seq, ...payload })
      else this.orphan ??= `journal/${session}/${id}.ytj entry ${seq}`
    }
  }

  /** Gets the packets of a journal that is read from its beginning; null where nothing of it is to be counted. */
  reader(run) {
    const track = this.tracks.get(run.claim.track)
    if (!track || run.first !== 0 || !this.isSigned) return null
    track.signed = new SignedJournal(track.keys, run.segments.length === segmentsInOrder(run.claim).length)
    return track.signed
  }
}

/** One journal's frames: assembled as packets come, counted from time to time, since verifying cannot be done at once. */
class SignedJournal {
  constructor(keys, isWhole) {
    this.isWhole = isWhole
    this.counted = new FrameCount()
    this.frames = []
    this.imported = importPageKeys(keys)
    this.assembler = null
  }

  /** A journal whose header names no such video shows no frames. */
  begin(header) {
    const { codec } = header
    const right = header.format_version === 1 && Object.keys(header).sort().join() === JOURNAL_HEADER_KEYS
    this.isH264 = codec === 'H264'
    if (right && (this.isH264 || codec === 'VP8')) this.assembler = new FrameAssembler(codec, (frame) => this.frames.push(frame))
  }

  feed(packet, arrivalUs) {
    this.assembler?.feed(packet, arrivalUs)
  }

  /** Takes the frames that are complete apart and counts them in order; signatures are verified side by side. */
  async count() {
    const keys = await this.imported
    const judged = await Promise.all(
      this.frames.splice(0).map(async ({ timestamp, arrivalUs, parts }) => {
        const { picture, isCarrier, trailer } = splitFrame(parts, this.isH264)
        const digest = isCarrier ? '' : hex(sha256(picture).subarray(0, 16))
        const key = trailer ? await holderOf(keys, trailer, picture) : null
        return [{ timestamp, arrivalUs, isCarrier, trailer, digest }, key]
      }),
    )
    for (const [frame, key] of judged) this.counted.take(frame, key)
  }

  async end() {
    if (!this.isWhole) return
    this.assembler?.flush()
    await this.count()
    this.counted.finish()
  }
}

/** Key id → [{fingerprint, key}]. */
async function importPageKeys(keys) {
  const found = new Map()
  const seen = new Set()
  for (const raw of keys) {
    const fingerprint = sha256(raw)
    if (raw.length !== 65 || raw[0] !== 4 || seen.has(hex(fingerprint))) continue
    seen.add(hex(fingerprint))
    const key = await importOrNull('raw', raw, { name: 'ECDSA', namedCurve: 'P-256' })
    const id = hex(fingerprint.subarray(0, 4))
    if (key) found.set(id, [...(found.get(id) ?? []), { fingerprint, key }])
  }
  return found
}

async function holderOf(keys, trailer, picture) {
  for (const { fingerprint, key } of keys.get(trailer.keyId) ?? []) {
    const message = concat(FRAME_CONTEXT, fingerprint, trailer.covered, picture)
    if (await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, trailer.signature, message)) return hex(fingerprint)
  }
  return null
}

async function requireFrameClaims(check) {
  const { frames } = check
  need(frames.orphan === null, 'frame_signature', frames.orphan)
  const sum = { frames: 0, signed: 0, broken: 0, missing: 0, jumps: 0 }
  let unchecked = 0
  for (const track of frames.tracks.values()) {
    unchecked += requireTrackClaims(track)
    const counted = track.signed?.counted
    const all = counted?.facts(0, counted.statuses.length - 1)
    for (const key of Object.keys(sum)) sum[key] += all?.[key] ?? 0
  }
  if (sum.signed || sum.broken) {
    const tenths = Math.floor((sum.signed * 1000) / sum.frames)
    check.prove('frames_signed', { ...sum, share: `${Math.floor(tenths / 10)}.${tenths % 10}` })
  }
  check.framesUnsigned = frames.tracks.size > 0 && !sum.signed && !sum.broken
  check.framesUnchecked = unchecked
}

/** How many claims could not be checked, since the journal is not whole. */
function requireTrackClaims(track) {
  let behind = -1
  let unchecked = 0
  const member = `journal/${track.session}/${track.id}.ytj`
  for (const said of track.claims) {
    const { from_index: from, to_index: to } = said
    const inPlace = behind < from && from <= to
    behind = Math.max(behind, to)
    const found = track.signed?.counted.facts(from, to) ?? null
    if (found === null && inPlace && track.isRecorded && !track.signed?.isWhole) {
      unchecked += 1
      continue
    }
    const holds =
      inPlace && found !== null && said.frames === to - from + 1 && said.signed <= found.signed &&
      said.broken >= found.broken && said.missing_counters >= found.missing && said.clock_jumps >= found.jumps
    need(holds, 'frame_signature', `${member} entry ${said.seq}`)
  }
  return unchecked
}
