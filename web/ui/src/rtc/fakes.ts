/** A peer connection, tracks and streams for tests. */

export class FakeTrack extends EventTarget {
  enabled = true
  muted = true
  stopped = false
  contentHint = ''
  constructor(
    readonly kind: 'audio' | 'video',
    readonly id: string = kind,
  ) {
    super()
  }
  stop(): void {
    this.stopped = true
  }
}

export class FakeStream {
  constructor(
    private readonly tracks: FakeTrack[],
    readonly id = 'stream',
  ) {}
  getTracks(): FakeTrack[] {
    return this.tracks
  }
  getAudioTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === 'audio')
  }
  addTrack(track: FakeTrack): void {
    this.tracks.push(track)
  }
}

export class FakeSender {
  parameters: RTCRtpSendParameters
  constructor(
    public track: FakeTrack | null,
    encodings: RTCRtpEncodingParameters[],
  ) {
    this.parameters = { encodings } as unknown as RTCRtpSendParameters
  }
  getParameters(): RTCRtpSendParameters {
    return this.parameters
  }
  setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    this.parameters = parameters
    return Promise.resolve()
  }
  replaceTrack(track: FakeTrack): Promise<void> {
    this.track = track
    return Promise.resolve()
  }
}

export class FakePeer extends EventTarget {
  connectionState: RTCPeerConnectionState = 'new'
  iceGatheringState: RTCIceGatheringState = 'complete'
  localDescription: { sdp: string } | null = null
  remote: RTCSessionDescriptionInit | null = null
  closed = false
  senders: FakeSender[] = []
  received: FakeTrack[] = []
  isSilent = false
  /** The browser's estimate of its uplink, in bits a second. */
  uplink: number | null = null
  private bytes = 0
  codecs: string[] = []
  directions: string[] = []

  constructor(readonly configuration: RTCConfiguration) {
    super()
  }

  addTransceiver(track: FakeTrack, init: RTCRtpTransceiverInit): unknown {
    this.senders.push(new FakeSender(track, init.sendEncodings ?? []))
    this.directions.push(init.direction ?? '')
    return { setCodecPreferences: (codecs: RTCRtpCodec[]) => void (this.codecs = codecs.map((codec) => codec.mimeType)) }
  }

  getSenders(): FakeSender[] {
    return this.senders
  }

  getReceivers(): { track: FakeTrack; getStats(): Promise<Map<string, unknown>> }[] {
    return this.received.map((track) => ({ track, getStats: () => Promise.resolve(new Map()) }))
  }

  /** What has come so far, as one candidate pair would count it; by itself something comes at every look. */
  getStats(): Promise<Map<string, unknown>> {
    if (!this.isSilent) this.bytes += 1
    return Promise.resolve(new Map([['pair', { type: 'candidate-pair', nominated: true, bytesReceived: this.bytes, availableOutgoingBitrate: this.uplink }]]))
  }

  createOffer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: 'offer', sdp: 'offer' })
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: 'answer', sdp: 'answer' })
  }

  setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description
    return Promise.resolve()
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.remote = description
    return Promise.resolve()
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
  }

  close(): void {
    this.closed = true
    this.connectionState = 'closed'
  }
}

/** Makes peers and keeps them, newest last. */
export class FakePeers {
  readonly made: FakePeer[] = []
  readonly create = (configuration: RTCConfiguration): RTCPeerConnection => {
    const peer = new FakePeer(configuration)
    this.made.push(peer)
    return peer as unknown as RTCPeerConnection
  }
  get last(): FakePeer {
    const peer = this.made.at(-1)
    if (!peer) throw new Error('no peer was made')
    return peer
  }
}
