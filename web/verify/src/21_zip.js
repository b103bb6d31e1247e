// A plain ZIP (PKWARE APPNOTE 6.3.10) and nothing else: both directories say the same, members follow each other without
// a gap, nothing stands anywhere that has no meaning (docs/evidence.md, "Package").

const CHUNK_BYTES = 1024 * 1024
const MAX_CENTRAL_BYTES = 64 * 1024 * 1024
const FULL32 = 0xffffffff
const INFO_ZIP = 0x031e
const END_PLACE = 'end of central directory'
const CENTRAL_PLACE = 'central directory'
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

function isPlainName(name) {
  return name.length <= 200 && PLAIN_NAME.test(name)
}

/** Little-endian fields at a place; `q` reads 64 bits. */
class Fields {
  constructor(bytes, at = 0) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  take(...sizes) {
    return sizes.map((size) => {
      const at = this.at
      this.at += size
      if (size === 2) return this.view.getUint16(at, true)
      if (size === 4) return this.view.getUint32(at, true)
      const value = this.view.getBigUint64(at, true)
      return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value)
    })
  }
}

/** What a File (or anything that can be sliced) holds from `offset` on, fewer bytes where it ends. */
async function readAt(file, offset, length) {
  if (offset < 0 || offset >= file.size) return new Uint8Array(0)
  return new Uint8Array(await file.slice(offset, Math.min(offset + length, file.size)).arrayBuffer())
}

async function openZip(file, onRead = () => {}) {
  const head = await readAt(file, 0, 4)
  const tail = await readAt(file, Math.max(0, file.size - 22), 22)
  const starts = latin1(head) === 'PK\x03\x04'
  if (!starts && latin1(tail.subarray(0, 4)) !== 'PK\x05\x06') throw new Unreadable('no ZIP')
  const { count, offset, length } = await readEnd(file, tail)
  const headers = await readCentral(file, count, offset, length)
  requireUniform(headers)
  const members = new Map()
  let position = 0
  for (const header of headers) {
    position = await readLocal(file, header, position)
    if (!header.isFolder) members.set(header.name, header)
  }
  need(position === offset, 'zip_not_plain', CENTRAL_PLACE)
  requireFolders(headers, members)
  requireNoBomb(headers, file.size)
  const zip = new PlainZip(file, members, onRead)
  await requireUnpacks(zip)
  return zip
}

/** Deflated members unpack to exactly their length; nothing of them is judged before that is known. */
async function requireUnpacks(zip) {
  for (const { name, method } of zip.members.values()) {
    if (method === 8) for await (const _ of zip.chunks(name)) void _
  }
}

async function readEnd(file, tail) {
  need(tail.length === 22 && latin1(tail.subarray(0, 4)) === 'PK\x05\x06', 'zip_not_plain', END_PLACE)
  const [disk, start, here, count, length, offset, comment] = new Fields(tail, 4).take(2, 2, 2, 2, 4, 4, 2)
  need(!disk && !start && here === count && !comment, 'zip_not_plain', END_PLACE)
  let found = { count, offset, length, end: file.size - 22 }
  if (count === 0xffff || length === FULL32 || offset === FULL32) found = await readEnd64(file, found)
  need(found.offset + found.length === found.end, 'zip_not_plain', END_PLACE)
  return found
}

async function readEnd64(file, short) {
  const record = short.end - 20 - 56
  const bytes = await readAt(file, record, 76)
  need(record >= 0 && bytes.length === 76, 'zip_not_plain', END_PLACE)
  const fields = new Fields(bytes)
  const [magic, rest, madeBy, needed, disk, start, here, count, length, offset] = fields.take(4, 8, 2, 2, 4, 4, 8, 8, 8, 8)
  const [locatorMagic, locatorDisk, locatorAt, disks] = fields.take(4, 4, 8, 4)
  const located = locatorMagic === 0x07064b50 && !locatorDisk && locatorAt === record && disks === 1
  const known = magic === 0x06064b50 && rest === 44 && needed === 45 && (madeBy === 45 || madeBy === INFO_ZIP)
  need(located && known && !disk && !start && here === count, 'zip_not_plain', END_PLACE)
  const same = (said, full, value) => said === full || said === value
  const fits = same(short.count, 0xffff, count) && same(short.length, FULL32, length) && same(short.offset, FULL32, offset)
  need(fits, 'zip_not_plain', END_PLACE)
  return { count, offset, length, end: record }
}

async function readCentral(file, count, offset, length) {
  need(length <= MAX_CENTRAL_BYTES, 'zip_not_plain', CENTRAL_PLACE)
  const content = await readAt(file, offset, length)
  const headers = []
  for (let at = 0; at < content.length; ) {
    const header = parseCentral(content, at)
    headers.push(header)
    at = header.after
  }
  const names = new Set(headers.map((header) => header.name.toLowerCase()))
  need(headers.length === count && names.size === count, 'zip_not_plain', CENTRAL_PLACE)
  return headers
}

function parseCentral(content, at) {
  need(at + 46 <= content.length, 'zip_not_plain', CENTRAL_PLACE)
  const fields = new Fields(content, at)
  const [magic, madeBy, ...common] = fields.take(4, 2, 2, 2, 2, 2, 2, 4)
  const [packed, size, nameBytes, extraBytes, comment, disk, internal, external, offset] = fields.take(4, 4, 2, 2, 2, 2, 2, 4, 4)
  const name = plainName(content.subarray(at + 46, at + 46 + nameBytes))
  const where = `central header of ${name}`
  const extraAt = at + 46 + nameBytes
  const after = extraAt + extraBytes
  need(magic === 0x02014b50 && !comment && !disk && after <= content.length, 'zip_not_plain', where)
  const [longSize, longPacked, longOffset] = zip64Values(content.subarray(extraAt, after), [size, packed, offset], where)
  const [needed, flags, method, , , crc] = common
  need([10, 20, 45].includes(needed) && (method === 0 || method === 8) && !(flags & ~0x806), 'zip_not_plain', where)
  return {
    name, common, madeBy, internal, external, method, crc, after, isFolder: name.endsWith('/'),
    size: longSize, packed: longPacked, offset: longOffset,
  }
}

function plainName(bytes) {
  const name = latin1(bytes).replace(/[^\x00-\x7f]/g, '\ufffd')
  need(isPlainName(name.replace(/\/$/, '')), 'zip_not_plain', CENTRAL_PLACE)
  return name
}

/** Each value that is 2^32 - 1 stands in the ZIP64 extra field instead; there may be no other field. */
function zip64Values(extra, values, where) {
  const wanted = values.filter((value) => value === FULL32).length
  need(extra.length === (wanted ? 4 + 8 * wanted : 0), 'zip_not_plain', where)
  if (!wanted) return values
  const fields = new Fields(extra)
  const [id, bytes] = fields.take(2, 2)
  need(id === 1 && bytes === 8 * wanted, 'zip_not_plain', where)
  return values.map((value) => (value === FULL32 ? fields.take(8)[0] : value))
}

/** What only the central directory says is the same for all files, so that no bit of it is free. */
function requireUniform(headers) {
  for (const group of [headers.filter((h) => !h.isFolder), headers.filter((h) => h.isFolder)]) {
    const key = (h) => `${h.madeBy} ${h.external} ${h.internal}`
    const odd = group.some(
      (h) =>
        h.madeBy !== group[0].madeBy || h.external !== group[0].external ||
        !(h.internal === 0 || (h.internal === 1 && h.madeBy === INFO_ZIP)),
    )
    if (!odd) continue
    const counts = new Map()
    for (const h of group) counts.set(key(h), (counts.get(key(h)) ?? 0) + 1)
    const rarest = group.reduce((best, h) => (counts.get(key(h)) < counts.get(key(best)) ? h : best))
    throw new Broken('zip_not_plain', `central header of ${rarest.name}`)
  }
}

/** Checks the local header at `position`; returns where the next has to be. */
async function readLocal(file, header, position) {
  const where = `header of ${header.name}`
  need(header.offset === position, 'zip_not_plain', where)
  const start = await readAt(file, position, 30)
  need(start.length === 30, 'zip_not_plain', where)
  const fields = new Fields(start)
  const [magic, ...common] = fields.take(4, 2, 2, 2, 2, 2, 4)
  const [packed, size, nameBytes, extraBytes] = fields.take(4, 4, 2, 2)
  const rest = await readAt(file, position + 30, nameBytes + extraBytes)
  const [longSize, longPacked] = zip64Values(rest.subarray(nameBytes), [size, packed], where)
  const same = common.every((value, at) => value === header.common[at])
  const fits = longPacked === header.packed && longSize === header.size && (header.method === 8 || longPacked === longSize)
  need(magic === 0x04034b50 && same && fits && latin1(rest.subarray(0, nameBytes)) === header.name, 'zip_not_plain', where)
  header.data = position + 30 + nameBytes + extraBytes
  return header.data + header.packed
}

function requireFolders(headers, members) {
  for (const header of headers.filter((h) => h.isFolder)) {
    const used = [...members.keys()].some((name) => name.startsWith(header.name))
    need(header.size === 0 && used, 'zip_not_plain', `header of ${header.name}`)
  }
}

/** Deflated members may not unpack to more than 64 MiB and twenty times the file's length together. */
function requireNoBomb(headers, fileBytes) {
  const unpacked = headers.filter((h) => h.method === 8).reduce((sum, h) => sum + h.size, 0)
  need(unpacked <= 64 * 1024 * 1024 + 20 * fileBytes, 'zip_not_plain', CENTRAL_PLACE)
}

/** An open archive whose structure was found plain. Members are read as streams, never beyond their length. */
class PlainZip {
  constructor(file, members, onRead) {
    this.file = file
    this.members = members
    this.onRead = onRead
    this.crcs = new Map()
  }

  has(name) {
    return this.members.has(name)
  }

  names() {
    return [...this.members.keys()]
  }

  size(name) {
    return this.members.get(name).size
  }

  async *chunks(name) {
    const member = this.members.get(name)
    let crc = 0
    let total = 0
    const inflater = new Inflater()
    try {
      for await (const chunk of member.method === 0 ? this.packed(member) : inflater.unpack(this.packed(member))) {
        total += chunk.length
        need(total <= member.size, 'member_digest', name)
        crc = crc32(chunk, crc)
        yield chunk
      }
    } catch (error) {
      if (error instanceof InflateFault) throw new Broken('member_digest', name)
      throw error
    }
    need(total === member.size && !inflater.trailing, 'member_digest', name)
    this.crcs.set(name, crc)
  }

  async *packed(member) {
    for (let at = member.data, end = member.data + member.packed; at < end; ) {
      const chunk = await readAt(this.file, at, Math.min(CHUNK_BYTES, end - at))
      need(chunk.length > 0, 'member_digest', member.name)
      at += chunk.length
      this.onRead(chunk.length)
      yield chunk
    }
  }

  async bytes(name) {
    const parts = []
    for await (const chunk of this.chunks(name)) parts.push(chunk)
    return concat(...parts)
  }

  /** For a member that was read to its end. */
  requireSound(name) {
    need(this.crcs.get(name) === this.members.get(name).crc, 'zip_not_plain', `header of ${name}`)
  }
}
