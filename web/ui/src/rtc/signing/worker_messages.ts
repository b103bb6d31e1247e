/** What the page and its signing worker tell each other. */
import type { SigningFigures } from './frame_signer'

export type ToWorker =
  | { kind: 'prove'; id: number; message: Uint8Array }
  | { kind: 'begin' }
  | { kind: 'figures'; id: number }
  | { kind: 'streams'; stream: number; readable: ReadableStream; writable: WritableStream }

export type FromWorker =
  | { kind: 'key'; publicKey: Uint8Array }
  | { kind: 'proof'; id: number; signature: Uint8Array }
  | { kind: 'figures'; id: number; figures: SigningFigures[] }
