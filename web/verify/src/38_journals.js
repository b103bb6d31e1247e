// Step 11: each kept run of a journal, byte by byte: covered by segments, their digests, and the records parse.

const JOURNAL_MAGIC = Uint8Array.of(0x59, 0x54, 0x4b, 0x4a, 0, 1, 13, 10)
const MAX_RECORD_BYTES = 65536

/** Reads a segment's records as they come, the first one's header before; `signed` gets the packets, if given. */
class JournalReader {
  constructor({ session, track }, withHeader, signed = null) {
    this.ids = [session, track]
    this.inRecords = !withHeader
    this.rest = new Uint8Array(0)
    this.fault = false
    this.signed = signed
  }

  feed(piece) {
    if (this.fault) return
    this.rest = this.rest.length ? concat(this.rest, piece) : piece
    if (this.inRecords || this.header()) this.records()
  }

  get isDone() {
    return !this.fault && this.inRecords && this.rest.length === 0
  }

  header() {
    const data = this.rest
    const magic = JOURNAL_MAGIC.every((byte, at) => at >= data.length || data[at] === byte)
    if (!magic) return this.fail()
    if (data.length < 12) return false
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    const length = view.getUint32(8)
    if (length > MAX_RECORD_BYTES) return this.fail()
    if (data.length < 12 + length + 4) return false
    const content = data.subarray(12, 12 + length)
    if (crc32(content) !== view.getUint32(12 + length) || !this.isMine(content)) return this.fail()
    this.rest = data.subarray(16 + length)
    this.inRecords = true
    return true
  }

  isMine(content) {
    try {
      const header = JSON.parse(textOf(content))
      const mine = isObject(header) && header.session_id === this.ids[0] && header.track_id === this.ids[1]
      if (mine) this.signed?.begin(header)
      return mine
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return false
      throw error
    }
  }

  fail() {
    this.fault = true
    return false
  }

  records() {
    const data = this.rest
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    let at = 0
    while (data.length - at >= 17) {
      const length = view.getUint32(at)
      const type = data[at + 4]
      if (length > MAX_RECORD_BYTES || (type !== 1 && type !== 2)) return this.fail()
      const after = at + 13 + length
      if (after + 4 > data.length) break
      if (crc32(data, 0, at + 4, after) !== view.getUint32(after)) return this.fail()
      if (type === 1) this.signed?.feed(data.subarray(at + 13, after), Number(view.getBigUint64(at + 5)))
      at = after + 4
    }
    this.rest = data.slice(at)
    return true
  }
}

/** Exactly so many bytes at a time of a stream of chunks. */
class Pieces {
  constructor(chunks) {
    this.chunks = chunks[Symbol.asyncIterator]()
    this.rest = new Uint8Array(0)
  }

  async *take(length) {
    for (let left = length; left > 0; ) {
      if (!this.rest.length) {
        const { value, done } = await this.chunks.next()
        if (done) return
        this.rest = value
      }
      const piece = this.rest.subarray(0, left)
      this.rest = this.rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  /** Lets the stream see its own end. */
  async finish() {
    await this.chunks.next()
  }
}

async function readJournals(check) {
  check.frames = new FrameCheck(check.attested)
  for (const run of check.runs) await readRun(check, run)
  if (!check.runs.length) return
  const segments = check.runs.reduce((sum, run) => sum + run.segments.length, 0)
  const bytes = check.runs.reduce((sum, run) => sum + check.zip.size(run.member), 0)
  check.prove('journals_match', { tracks: new Set(check.runs.map((run) => run.claim)).size, segments, bytes })
}

async function readRun(check, run) {
  requireCover(check, run)
  const fromStart = run.first === 0
  const running = new Sha256()
  const signed = check.frames.reader(run)
  const pieces = new Pieces(check.zip.chunks(run.member))
  const found = []
  for (const [place, segment] of run.segments.entries()) {
    const reader = new JournalReader(run.claim, fromStart && place === 0, signed)
    const own = await readSegment(pieces, segment.length, running, reader)
    found.push({ own, running: fromStart ? running.hex() : segment.running, isSound: reader.isDone })
    await signed?.count()
  }
  await pieces.finish()
  await signed?.end()
  run.segments.forEach((segment, place) => {
    const where = `${run.member} entry ${segment.seq}`
    need(found[place].own === segment.own, 'segment_digest', where)
    need(found[place].running === segment.running, 'running_digest', where)
    need(found[place].isSound, 'journal_unparsable', where)
  })
  requireDigest(check, run.member, running.hex())
}

/** All that is recorded has to be covered, from byte 0 on, in the order of the index; a run is as long as its segments. */
function requireCover(check, run) {
  const { claim, member } = run
  let covered = 0
  segmentsInOrder(claim).forEach((segment, place) => {
    need(segment.offset === covered && segment.index === place, 'segment_gap', `${claim.member} entry ${segment.seq}`)
    covered += segment.length
  })
  const expected = run.segments.reduce((sum, segment) => sum + segment.length, 0)
  const size = check.zip.size(member)
  need(size === expected, 'segment_gap', `${member} byte ${Math.min(size, expected)}`)
}

/** The SHA-256 of the segment alone. */
async function readSegment(pieces, length, running, reader) {
  const own = new Sha256()
  const parts = []
  for await (const piece of pieces.take(length)) {
    running.update(piece)
    reader.feed(piece)
    if (length <= 8 * CHUNK_BYTES) parts.push(piece)
    else own.update(piece)
  }
  if (length > 8 * CHUNK_BYTES) return own.hex()
  return sha256Aside(parts.length === 1 ? parts[0] : concat(...parts))
}
