// The two pages of the latency bench. The sender draws the time into each picture, the viewer reads it back.
const BLOCKS = 30, BLOCK = 40, WIDTH = 1280, HEIGHT = 720
// Not quite 30 a second: else pictures meet the screen's beat (60 a second) in one phase, which chance chose.
const FRAME_MS = 33.8
const now = () => performance.timeOrigin + performance.now()

// Two blocks to tell white from black, 24 bits of milliseconds, 4 bits of checksum: see `read_mark`.
const markBits = (value) => {
  const bits = [1, 0]
  for (let at = 23; at >= 0; at--) bits.push((value >> at) & 1)
  let sum = 0
  for (let at = 0; at < 24; at += 4) sum ^= (value >> at) & 15
  for (let at = 3; at >= 0; at--) bits.push((sum >> at) & 1)
  return bits
}

window.beginDrawing = () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT })
  const context = canvas.getContext('2d', { alpha: false })
  const stream = canvas.captureStream(0)
  const [track] = stream.getVideoTracks()
  track.contentHint = 'motion'
  let count = 0
  const draw = () => {
    context.fillStyle = '#667'
    context.fillRect(0, 0, WIDTH, HEIGHT)
    for (let at = 0; at < 120; at++) {
      context.fillStyle = `hsl(${at * 37} 60% 50%)`
      context.fillRect((at * 97 + count * 3) % WIDTH, 80 + ((at * 61 + count) % (HEIGHT - 120)), 30, 30)
    }
    markBits(Math.floor(now()) % (1 << 24)).forEach((bit, at) => {
      context.fillStyle = bit ? '#fff' : '#000'
      context.fillRect(at * BLOCK, 0, BLOCK, BLOCK)
    })
    count += 1
    track.requestFrame()
  }
  let due = performance.now()
  const step = () => {
    draw()
    due = Math.max(due + FRAME_MS, performance.now() - FRAME_MS)
    setTimeout(step, Math.max(0, due - performance.now()))
  }
  step()
  window.source = stream
}

const complete = (pc) =>
  new Promise((done) => {
    const look = () => pc.iceGatheringState === 'complete' && done()
    pc.addEventListener('icegatheringstatechange', look)
    look()
    setTimeout(done, 1000)
  })

window.offer = async (maxBitrate) => {
  const pc = (window.pc = new RTCPeerConnection({ iceServers: [] }))
  const [track] = window.source.getVideoTracks()
  const sendEncodings = [{ maxBitrate, maxFramerate: 30 }]
  const { sender } = pc.addTransceiver(track, { direction: 'sendonly', streams: [window.source], sendEncodings })
  const parameters = sender.getParameters()
  parameters.degradationPreference = 'maintain-resolution'
  await sender.setParameters(parameters)
  const offer = await pc.createOffer()
  await pc.setLocalDescription(offer)
  await complete(pc)
  return pc.localDescription.sdp
}

window.take = (sdp) => window.pc.setRemoteDescription({ type: 'answer', sdp })

window.answer = async (sdp) => {
  const pc = (window.pc = new RTCPeerConnection({ iceServers: [] }))
  pc.ontrack = ({ track }) => track.kind === 'video' && watch(track)
  await pc.setRemoteDescription({ type: 'offer', sdp })
  await pc.setLocalDescription()
  await complete(pc)
  return pc.localDescription.sdp
}

window.hangUp = () => {
  window.pc.close()
  document.querySelectorAll('video').forEach((video) => video.remove())
}

const watch = (track) => {
  const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true, playsInline: true })
  document.body.append(video)
  video.srcObject = new MediaStream([track])
  const canvas = Object.assign(document.createElement('canvas'), { width: BLOCKS, height: 1 })
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.imageSmoothingEnabled = false
  window.seen = []
  const look = (_, frame) => {
    const scale = video.videoWidth / WIDTH
    context.drawImage(video, 0, 0, BLOCKS * BLOCK * scale, BLOCK * scale, 0, 0, BLOCKS, 1)
    const pixels = context.getImageData(0, 0, BLOCKS, 1).data
    const greens = Array.from({ length: BLOCKS }, (_, at) => pixels[4 * at + 1])
    window.seen.push([performance.timeOrigin + frame.presentationTime, greens])
    video.requestVideoFrameCallback(look)
  }
  video.requestVideoFrameCallback(look)
}

window.takeSeen = () => window.seen.splice(0)
