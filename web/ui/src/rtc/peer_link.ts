/**
 * One RTCPeerConnection in one direction, from its first description to its end. It reports `connected`, `doubtful` when
 * ICE hears nothing (it may be `connected` again after that), and once `lost`; from there it never comes back (a new
 * link takes its place). Whoever dials a link closes it.
 */
export type LinkPhase = 'connecting' | 'connected' | 'doubtful' | 'lost'

export interface PeerLinkOptions {
  /** How long the first connection may take. @default 8000 */
  connectMs?: number
}

export type CreatePeer = (configuration: RTCConfiguration) => RTCPeerConnection

export const createPeer: CreatePeer = (configuration) => new RTCPeerConnection(configuration)

export class PeerLink {
  phase: LinkPhase = 'connecting'
  private timer: ReturnType<typeof setTimeout> | undefined
  private listener: ((phase: LinkPhase) => void) | null = null

  constructor(
    readonly peerId: string,
    readonly pc: RTCPeerConnection,
    options: PeerLinkOptions = {},
  ) {
    this.pc.addEventListener('connectionstatechange', this.onChange)
    this.timer = setTimeout(() => this.enter('lost'), options.connectMs ?? 8_000)
    this.onChange() // it may have connected while the signaling still answered
  }

  watch(listener: (phase: LinkPhase) => void): void {
    this.listener = listener
  }

  close(): void {
    clearTimeout(this.timer)
    this.listener = null
    this.phase = 'lost'
    this.pc.removeEventListener('connectionstatechange', this.onChange)
    this.pc.close()
  }

  private readonly onChange = (): void => {
    const state = this.pc.connectionState
    if (state === 'connected') this.enter('connected')
    else if (state === 'failed' || state === 'closed') this.enter('lost')
    else if (state === 'disconnected' && this.phase === 'connected') this.enter('doubtful')
  }

  private enter(phase: LinkPhase): void {
    clearTimeout(this.timer)
    if (this.phase === phase || this.phase === 'lost') return
    this.phase = phase
    this.listener?.(phase)
  }
}

/** Resolves when all candidates are in the local description, or after `limitMs` with those found by then. */
export function gathered(pc: RTCPeerConnection, limitMs: number): Promise<void> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      pc.removeEventListener('icegatheringstatechange', check)
      resolve()
    }
    const check = (): void => {
      if (pc.iceGatheringState === 'complete') done()
    }
    const timer = setTimeout(done, limitMs)
    pc.addEventListener('icegatheringstatechange', check)
  })
}
