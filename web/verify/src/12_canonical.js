// Canonical JSON: RFC 8785, restricted to strings, integers within ±(2^53 - 1), true, false, null, arrays, objects.

const MAX_DEPTH = 32
const LONE_SURROGATE = /\p{Surrogate}/u

/** The canonical text; TypeError for what has none. */
function canonicalText(value, depth = 0) {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('no integer within 2^53 - 1')
    return String(value)
  }
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) throw new TypeError('a lone surrogate')
    return JSON.stringify(value)
  }
  if (depth >= MAX_DEPTH) throw new TypeError('nested too deeply')
  if (Array.isArray(value)) return `[${value.map((item) => canonicalText(item, depth + 1)).join(',')}]`
  const keys = Object.keys(value).sort() // by UTF-16 code units, as the RFC asks
  return `{${keys.map((key) => `${canonicalText(key)}:${canonicalText(value[key], depth + 1)}`).join(',')}}`
}

function canonicalBytes(value) {
  return utf8.encode(canonicalText(value))
}

/**
 * The value of canonical bytes; Broken for anything that is not exactly canonical. That what was parsed writes itself in
 * the very same bytes shows at once: no doubled keys (one would be gone), no white space, no other escapes or numbers.
 */
function parseCanonical(bytes, code, where) {
  let value
  let same = false
  try {
    const text = textOf(bytes)
    value = JSON.parse(text)
    same = canonicalText(value) === text
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)) throw error
  }
  need(same, code, where)
  return value
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

const MAX_LINE_BYTES = 1024 * 1024

/** Lines of a member without their ends, as they come; Broken for one that is too long or a last one without an end. */
async function* linesOf(chunks, code, whereLine) {
  let rest = new Uint8Array(0)
  let line = 1
  for await (const chunk of chunks) {
    const all = rest.length ? concat(rest, chunk) : chunk
    let from = 0
    for (let end = all.indexOf(10, from); end >= 0; end = all.indexOf(10, from)) {
      need(end - from <= MAX_LINE_BYTES, code, whereLine(line))
      yield all.subarray(from, end)
      line += 1
      from = end + 1
    }
    rest = all.slice(from)
    if (rest.length > MAX_LINE_BYTES) break
  }
  need(rest.length === 0, code, whereLine(line))
}
