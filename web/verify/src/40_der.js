// DER (ITU-T X.690), strict: tags of one byte, definite lengths in their shortest form, nothing behind the last value.

/** Bytes that are not the DER that was expected. */
class DerFault extends Error {}

function derNeed(holds, why) {
  if (!holds) throw new DerFault(why)
}

const MAX_DER_ITEMS = 256
const [DER_BOOLEAN, DER_INTEGER, DER_OCTETS, DER_NULL, DER_OID, DER_TIME, DER_SEQUENCE, DER_SET] = [1, 2, 4, 5, 6, 0x18, 0x30, 0x31]

/** The value at `at`: {tag, content, whole}. */
function derRead(data, at) {
  derNeed(at + 2 <= data.length && (data[at] & 31) !== 31, 'cut off, or a long tag')
  let begin = at + 2
  let length = data[at + 1]
  if (length & 0x80) {
    const count = length & 0x7f
    derNeed(count >= 1 && count <= 3 && begin + count <= data.length, 'no definite length')
    length = 0
    for (let n = 0; n < count; n++) length = length * 256 + data[begin + n]
    begin += count
    derNeed(length >= 0x80 && length >= 256 ** (count - 1), 'a length longer than it has to be')
  }
  derNeed(begin + length <= data.length, 'cut off')
  return { tag: data[at], content: data.subarray(begin, begin + length), whole: data.subarray(at, begin + length) }
}

function derAll(data) {
  const items = []
  for (let at = 0; at < data.length; at += items[items.length - 1].whole.length) {
    derNeed(items.length < MAX_DER_ITEMS, 'too many values')
    items.push(derRead(data, at))
  }
  return items
}

function derOne(data, tag) {
  const items = derAll(data)
  derNeed(items.length === 1 && items[0].tag === tag, 'not the one value expected')
  return items[0]
}

function derContent(item, tag) {
  derNeed(item.tag === tag, `tag ${item.tag} instead of ${tag}`)
  return item.content
}

/** A whole number in its shortest form, as BigInt. */
function derInteger(item, tag = DER_INTEGER) {
  const content = derContent(item, tag)
  derNeed(content.length >= 1 && content.length <= 64, 'an integer of no or too many bytes')
  const padded = content.length > 1 && (content[0] === 0 || content[0] === 0xff) && (content[0] ^ content[1]) < 0x80
  derNeed(!padded, 'an integer longer than it has to be')
  return BigInt.asIntN(8 * content.length, BigInt(`0x${hex(content)}`))
}

function derOid(item) {
  const content = derContent(item, DER_OID)
  derNeed(content.length >= 1 && content.length <= 64 && !(content[content.length - 1] & 0x80), 'an identifier without an end')
  const arcs = []
  let value = 0n
  let begins = true
  for (const byte of content) {
    derNeed(!(begins && byte === 0x80), 'an identifier longer than it has to be')
    value = (value << 7n) | BigInt(byte & 0x7f)
    begins = !(byte & 0x80)
    if (begins) {
      arcs.push(value)
      value = 0n
    }
  }
  const first = arcs[0] < 80n ? arcs[0] / 40n : 2n
  return [first, arcs[0] - 40n * first, ...arcs.slice(1)].join('.')
}

/** The values of a SEQUENCE in order; what is optional is asked for by its tags. */
class DerFields {
  constructor(item, tag = DER_SEQUENCE) {
    this.items = derAll(derContent(item, tag))
    this.at = 0
  }

  next() {
    derNeed(this.at < this.items.length, 'a value is missing')
    return this.items[this.at++]
  }

  find(...tags) {
    return this.at < this.items.length && tags.includes(this.items[this.at].tag) ? this.items[this.at++] : null
  }

  end() {
    derNeed(this.at === this.items.length, 'more values than expected')
  }
}

function derAlgorithm(item) {
  const fields = new DerFields(item)
  const oid = derOid(fields.next())
  const parameters = fields.find(DER_NULL, DER_SEQUENCE, DER_OID)
  fields.end()
  return { oid, parameters }
}

/** The DER inside of a PEM text's blocks of one kind. */
function pemBlocks(text, kind) {
  const found = []
  const blocks = new RegExp(`-----BEGIN ${kind}-----([A-Za-z0-9+/=\\s]*)-----END ${kind}-----`, 'g')
  for (const [, body] of text.matchAll(blocks)) {
    const raw = strictBase64(body.replace(/\s/g, ''))
    if (raw) found.push(raw)
  }
  return found
}
