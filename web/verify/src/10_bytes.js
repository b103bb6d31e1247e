// Bytes and text. Everything below is plain JavaScript for browsers from Chrome 109 and Firefox 115 on: no library, no build.

/** Something does not hold. `code` is stable, `where` names the artefact or the entry (docs/evidence.md). */
class Broken extends Error {
  constructor(code, where) {
    super(`${code}: ${where}`)
    this.code = code
    this.where = where
  }
}

/** There is no ZIP to verify. */
class Unreadable extends Error {}

function need(holds, code, where) {
  if (!holds) throw new Broken(code, where)
}

const utf8 = new TextEncoder()
const ZEROS = '0'.repeat(64)

/** The text of UTF-8 bytes, a byte order mark kept; TypeError where they are none. */
function textOf(bytes) {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** One character a byte: for what is ASCII where it is right, and compared or shown where it is not. */
function latin1(bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function hex(bytes) {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

function fromHex(text) {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16))
}

/** The bytes of base64 that encodes back to itself (no spare bits, no white space); null for anything else. */
function strictBase64(text) {
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  const raw = atob(text)
  return btoa(raw) === text ? Uint8Array.from(raw, (character) => character.charCodeAt(0)) : null
}

function base64(bytes) {
  return btoa(latin1(bytes))
}

/** An unsigned 64-bit big-endian number; exact up to 2^53 - 1. */
function u64be(value) {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** RFC 4648 base32 without padding, the first `length` characters. */
function base32(bytes, length) {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff
    for (bits += 8; bits >= 5 && text.length < length; bits -= 5) {
      text += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[(held >> (bits - 5)) & 31]
    }
  }
  return text
}

/** Lets the page draw and answer. */
function breathe() {
  return new Promise((resolve) => setTimeout(resolve))
}
