/**
 * Makes a key that cannot leave this page, and signs with it what the page's video senders send. Whoever loads it gets the
 * public key first; frames pass unsigned until `begin`.
 */
import { FrameSigner, type SigningKey } from './frame_signer'
import type { FromWorker, ToWorker } from './worker_messages'

const ES256: EcdsaParams & EcKeyGenParams = { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' }

interface EncodedFrame {
  data: ArrayBuffer
  /** Not in every browser; where it is missing only VP8 and H.264 are agreed on. */
  getMetadata?(): { mimeType?: string }
}

interface Transformer {
  readable: ReadableStream<EncodedFrame>
  writable: WritableStream<EncodedFrame>
  options?: { stream: number }
}

interface WorkerScope {
  onrtctransform: ((event: { transformer: Transformer }) => void) | null
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
  postMessage(message: FromWorker): void
}

const scope = self as unknown as WorkerScope
const signers: FrameSigner[] = []
let made: SigningKey | null = null
let key: SigningKey | null = null

// Before anything waits: a transform or a message that comes early must find its listener.
scope.onrtctransform = ({ transformer }) => void transform(transformer.readable, transformer.writable, transformer.options?.stream ?? 1)
scope.onmessage = ({ data }) => void answer(data)

void makeKey().then(({ publicKey, signing }) => {
  made = signing
  scope.postMessage({ kind: 'key', publicKey })
})

async function makeKey(): Promise<{ publicKey: Uint8Array; signing: SigningKey }> {
  const pair = await crypto.subtle.generateKey(ES256, false, ['sign', 'verify'])
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const fingerprint = new Uint8Array(await crypto.subtle.digest('SHA-256', publicKey))
  const sign = async (message: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.sign(ES256, pair.privateKey, message as BufferSource))
  return { publicKey, signing: { fingerprint, sign } }
}

async function answer(message: ToWorker): Promise<void> {
  if (message.kind === 'begin') key = made
  else if (message.kind === 'streams') await transform(message.readable, message.writable, message.stream)
  else if (message.kind === 'figures') scope.postMessage({ kind: 'figures', id: message.id, figures: signers.map((signer) => signer.figures) })
  else if (made) scope.postMessage({ kind: 'proof', id: message.id, signature: await made.sign(message.message) })
}

async function transform(readable: ReadableStream<EncodedFrame>, writable: WritableStream<EncodedFrame>, stream: number): Promise<void> {
  const signer = new FrameSigner({ stream })
  signers.push(signer)
  const reader = readable.getReader()
  const writer = writable.getWriter()
  try {
    for (;;) {
      const { value: frame, done } = await reader.read()
      if (done) return
      await sign(frame, signer)
      await writer.write(frame)
    }
  } catch {
    // the sender is gone, and its streams with it
  }
}

async function sign(frame: EncodedFrame, signer: FrameSigner): Promise<void> {
  try {
    const signed = await signer.next(frame.data, isSignable(frame) ? key : null)
    if (signed !== frame.data) frame.data = signed
  } catch {
    signer.figures.late += 1 // whatever it is: the picture goes on, and the record counts a frame that is not signed
  }
}

function isSignable(frame: EncodedFrame): boolean {
  const name = frame.getMetadata?.().mimeType?.toLowerCase()
  return name === undefined || name === 'video/vp8' || name === 'video/h264'
}
