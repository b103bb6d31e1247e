/** Bytes as the proof's texts carry them, and the browser's own SHA-256. No Vue here, no network. */

export type Bytes = Uint8Array<ArrayBuffer>

export function utf8(text: string): Bytes {
  return new Uint8Array(new TextEncoder().encode(text))
}

export function joined(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The 32 bytes of a digest in lower-case hexadecimal; null for anything else. */
export function fromHex(text: string): Bytes | null {
  if (typeof text !== 'string' || !/^[0-9a-f]{64}$/.test(text)) return null
  return Uint8Array.from({ length: 32 }, (_, index) => parseInt(text.slice(2 * index, 2 * index + 2), 16))
}

/** Standard base64 that encodes back to itself; null for anything else. */
export function fromBase64(text: string): Bytes | null {
  try {
    const binary = atob(text)
    return btoa(binary) === text ? Uint8Array.from(binary, (char) => char.charCodeAt(0)) : null
  } catch {
    return null
  }
}

/** Whether this page can reckon digests at all: browsers only let pages with a secure address. */
export function canDigest(): boolean {
  return globalThis.crypto?.subtle !== undefined
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}
