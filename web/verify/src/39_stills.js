// Step 12: stills and pictures by their digests; stills with covered tiles by the tree over their tiles.

const TILE_PX = 64
const TILES_SHAPE = {
  record: {
    v: 'count', tile_px: 'count', width: 'count', height: 'count',
    tiles: { list_of: { record: { index: 'count', 'salt?': 'text', 'hash?': 'digest' } } },
  },
}
const MOST_PIXELS = 4096 * 4096
const MAX_PICTURE_BYTES = 64 * 1024 * 1024

async function readFiles(check) {
  for (const file of check.plainFiles) {
    if (file.code !== 'timestamp_digest') await readFile(check, file)
    await check.pause()
  }
  for (const file of check.redacted) await readRedacted(check, file)
  for (const [key, code] of [['stills_match', 'still_digest'], ['files_match', 'file_digest']]) {
    const count = check.plainFiles.filter((file) => file.code === code).length
    if (count) check.prove(key, { count })
  }
  if (check.redacted.length) {
    const tiles = check.redacted.reduce((sum, file) => sum + file.covered.length, 0)
    check.prove('redacted_match', { count: check.redacted.length, tiles })
  }
}

async function readFile(check, file) {
  const where = `${file.member} entry ${file.seq}`
  need(file.size === undefined || check.zip.size(file.member) === file.size, file.code, where)
  const digest = new Sha256()
  for await (const chunk of check.zip.chunks(file.member)) digest.update(chunk)
  need(digest.hex() === file.sha256, file.code, where)
  requireDigest(check, file.member, file.sha256)
}

async function readRedacted(check, file) {
  const where = `${file.picture} entry ${file.seq}`
  const fault = () => new Broken('still_tiles', where)
  const contents = []
  for (const name of [file.picture, file.table]) {
    need(check.zip.size(name) <= MAX_PICTURE_BYTES, 'still_tiles', name)
    contents.push(await check.zip.bytes(name))
  }
  const [picture, table] = contents
  const said = parseCanonical(table, 'still_tiles', where)
  if (!fits(TILES_SHAPE, said, true) || said.v !== 1 || said.tile_px !== TILE_PX || !file.tilesRoot) throw fault()
  if (said.width * said.height < 1 || said.width * said.height > MOST_PIXELS) throw fault()
  if (said.width !== file.width || said.height !== file.height) throw fault()
  const i420 = await readGreyPng(picture, said.width, said.height).catch((error) => {
    throw error instanceof InflateFault || error instanceof RangeError ? fault() : error
  })
  if (!i420) throw fault()
  const { root, covered } = tilesRoot(said, i420) ?? {}
  const named = [...file.covered].sort((a, b) => a - b)
  if (root !== file.tilesRoot || covered.join() !== named.join()) throw fault()
}

/** The I420 picture that a grey PNG of 3/2 the height holds; null for any other PNG. */
async function readGreyPng(bytes, width, height) {
  const half = Math.ceil(width / 2)
  const rows = height + Math.ceil(height / 2)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (latin1(bytes.subarray(0, 8)) !== '\x89PNG\r\n\x1a\n') return null
  const packed = []
  let at = 8
  let type = ''
  for (let place = 0; type !== 'IEND'; place++) {
    if (at + 12 > bytes.length) return null
    const length = view.getUint32(at)
    const after = at + 8 + length
    if (after + 4 > bytes.length || crc32(bytes, 0, at + 4, after) !== view.getUint32(after)) return null
    type = latin1(bytes.subarray(at + 4, at + 8))
    const data = bytes.subarray(at + 8, after)
    if (place === 0 ? type !== 'IHDR' || !isGreyHeader(data, 2 * half, rows) : type !== 'IDAT' && type !== 'IEND') return null
    if (type === 'IDAT') packed.push(data)
    if (type === 'IEND' && length) return null
    at = after + 4
  }
  if (at !== bytes.length) return null
  const content = await unzlib(concat(...packed), rows * (2 * half + 1))
  return content && planesOf(content, width, height)
}

function isGreyHeader(data, width, height) {
  if (data.length !== 13) return false
  const view = new DataView(data.buffer, data.byteOffset, 13)
  return view.getUint32(0) === width && view.getUint32(4) === height && hex(data.subarray(8)) === '0800000000'
}

/** RFC 1950; null unless it is exactly `length` bytes with the right Adler-32. */
async function unzlib(bytes, length) {
  if (bytes.length < 6 || (bytes[0] & 15) !== 8 || bytes[0] >> 4 > 7 || (bytes[0] * 256 + bytes[1]) % 31 || bytes[1] & 32) return null
  const inflater = new Inflater()
  const content = new Uint8Array(length)
  let found = 0
  const once = (async function* () {
    yield bytes.subarray(2, -4)
  })()
  for await (const chunk of inflater.unpack(once)) {
    if (found + chunk.length > length) return null
    content.set(chunk, found)
    found += chunk.length
  }
  let a = 1
  let b = 0
  for (const byte of content) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  const adler = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0)
  return found === length && !inflater.trailing && adler === b * 65536 + a ? content : null
}

/** Rows without their filter byte, which has to be 0, as planes {y, u, v} with their width. */
function planesOf(content, width, height) {
  const half = Math.ceil(width / 2)
  const halfHeight = Math.ceil(height / 2)
  const stride = 2 * half + 1
  const y = { width, height, data: new Uint8Array(width * height) }
  const [u, v] = [0, 1].map(() => ({ width: half, height: halfHeight, data: new Uint8Array(half * halfHeight) }))
  for (let row = 0; row < height + halfHeight; row++) {
    const at = row * stride
    if (content[at] !== 0) return null
    if (row < height) {
      y.data.set(content.subarray(at + 1, at + 1 + width), row * width)
      if (width % 2 && content[at + 1 + width] !== 0) return null
    } else {
      u.data.set(content.subarray(at + 1, at + 1 + half), (row - height) * half)
      v.data.set(content.subarray(at + 1 + half, at + 1 + 2 * half), (row - height) * half)
    }
  }
  return [y, u, v]
}

/** The root over the tiles, and which are covered; null where the table is not of this picture. */
function tilesRoot(said, planes) {
  const across = Math.ceil(said.width / TILE_PX)
  const count = across * Math.ceil(said.height / TILE_PX)
  if (said.tiles.length !== count) return null
  const covered = []
  const leaves = []
  for (const [place, { index, salt, hash }] of said.tiles.entries()) {
    if (index !== place || (salt == null) === (hash == null)) return null
    const [column, row] = [place % across, Math.floor(place / across)]
    const parts = planes.map((plane, at) => tileOf(plane, column, row, at ? TILE_PX / 2 : TILE_PX))
    if (hash != null) {
      const hidden = parts.every((part, at) => part.every((byte) => byte === (at ? 128 : 16)))
      if (!hidden) return null
      covered.push(index)
      leaves.push(fromHex(hash))
    } else {
      if (!/^[0-9a-f]{32}$/.test(salt)) return null
      leaves.push(sha256(Uint8Array.of(0), fromHex(salt), ...parts))
    }
  }
  return { root: hex(treeRoot(leaves)), covered }
}

function tileOf({ width, height, data }, column, row, px) {
  const left = column * px
  const right = Math.min(left + px, width)
  const rows = []
  for (let y = row * px; y < Math.min((row + 1) * px, height); y++) rows.push(data.subarray(y * width + left, y * width + right))
  return concat(...rows)
}

/** RFC 6962 over leaf hashes. */
function treeRoot(hashes) {
  if (hashes.length === 1) return hashes[0]
  let split = 1
  while (split * 2 < hashes.length) split *= 2
  return sha256(Uint8Array.of(1), treeRoot(hashes.slice(0, split)), treeRoot(hashes.slice(split)))
}
