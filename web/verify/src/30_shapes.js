// Shapes of values, and the published table of payloads by kind (docs/vectors/kinds.json, put in below).

const HEX64 = /^[0-9a-f]{64}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

function isInstant(value) {
  if (typeof value !== 'string' || !INSTANT.test(value) || value.startsWith('0000')) return false
  const at = new Date(value)
  return !Number.isNaN(at.getTime()) && at.toISOString() === value // a day and an hour that exist
}

/** What stands in an entry in place of a personal value: exactly `{"c": 64 hexadecimal digits}`. */
function isCommitment(value) {
  return isObject(value) && Object.keys(value).length === 1 && typeof value.c === 'string' && HEX64.test(value.c)
}

const PLAIN_SHAPES = {
  text: (value) => typeof value === 'string',
  name: (value) => typeof value === 'string' && value !== '',
  count: (value) => Number.isInteger(value) && value >= 0,
  integer: (value) => Number.isInteger(value),
  flag: (value) => typeof value === 'boolean',
  digest: (value) => typeof value === 'string' && HEX64.test(value),
  instant: isInstant,
  date: (value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value),
  file: (value) => typeof value === 'string' && FILE.test(value),
  commitment: isCommitment,
  object: isObject,
  any: () => true,
}

/** Whether a value has the shape. Keys that end in `?` may be absent or null; unknown keys pass unless `strict`. */
function fits(shape, value, strict = false) {
  if (typeof shape === 'string') return PLAIN_SHAPES[shape](value)
  if (shape.personal) return isCommitment(value)
  if (shape.one_of) return typeof value === 'string' && shape.one_of.includes(value)
  if (shape.list_of) return Array.isArray(value) && value.every((item) => fits(shape.list_of, item, strict))
  if (shape.either) return shape.either.some((one) => fits(one, value, strict))
  return isObject(value) && fitsRecord(shape.record, value, strict)
}

function fitsRecord(fields, value, strict) {
  const known = new Set()
  for (const [written, shape] of Object.entries(fields)) {
    const key = written.replace(/\?$/, '')
    known.add(key)
    const there = Object.hasOwn(value, key)
    if (written.endsWith('?') ? there && value[key] !== null && !fits(shape, value[key], strict) : !there || !fits(shape, value[key], strict)) {
      return false
    }
  }
  return !strict || Object.keys(value).every((key) => known.has(key))
}

const KINDS = /*KINDS*/ {} /*KINDS*/
