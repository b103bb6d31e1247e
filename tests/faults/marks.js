// Runs before the page's own code: reads the number that each shown frame carries (tests/faults/marked_clip.py), with
// the time at which it was shown. Both browsers are on one machine and share its clock.
(() => {
  if (window.testMarks) return
  const BITS = 10, SQUARE = 32, TOP = 680, MARGIN = 40, WIDTH = 1280, HEIGHT = 720
  window.testMarks = []
  const cells = 2 * BITS
  const canvas = document.createElement('canvas')
  canvas.width = cells * 4
  canvas.height = 4
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const read = (video) => {
    const sx = video.videoWidth / WIDTH, sy = video.videoHeight / HEIGHT
    context.drawImage(video, 0, TOP * sy, cells * SQUARE * sx, SQUARE * sy, 0, 0, canvas.width, canvas.height)
    const pixels = context.getImageData(0, 1, canvas.width, 2).data
    const level = (cell) => [1, 2].reduce((sum, x) => sum + pixels[4 * (4 * cell + x) + 1], 0) / 2
    let number = 0
    for (let bit = 0; bit < BITS; bit++) {
      const first = level(2 * bit), second = level(2 * bit + 1)
      if (Math.abs(first - second) < MARGIN) return null
      if (first > second) number |= 1 << bit
    }
    return number
  }
  const hooked = new WeakSet()
  const follow = (video) => {
    const onFrame = () => {
      video.requestVideoFrameCallback(onFrame)
      if (video.videoWidth) window.testMarks.push([Date.now(), read(video)])
    }
    video.requestVideoFrameCallback(onFrame)
  }
  setInterval(() => {
    for (const video of document.querySelectorAll('video')) {
      if (hooked.has(video) || !(video.srcObject instanceof MediaStream)) continue
      hooked.add(video)
      follow(video)
    }
  }, 100)
  window.testTakeMarks = () => window.testMarks.splice(0)
  // The figures of live connections, one row a stream: what is received, sent, told by the other end, and the path.
  window.testRows = async () => {
    const wanted = ['inbound-rtp', 'outbound-rtp', 'remote-inbound-rtp', 'candidate-pair']
    const rows = []
    for (const [index, peer] of window.testPeers.entries()) {
      if (peer.connectionState === 'closed') continue
      for (const row of (await peer.getStats()).values()) {
        if (wanted.includes(row.type) && (row.type !== 'candidate-pair' || row.nominated)) rows.push({ ...row, peer: index })
      }
    }
    return rows
  }
  // What the page tells its person about what the relay sends.
  window.testServed = () => document.querySelector('[data-testid="console-view"]')?.dataset.view ?? 'full'
  // The frame that the first playing video shows, at the best that JPEG has, with its number.
  window.testPicture = () => {
    const video = [...document.querySelectorAll('video')].find((one) => one.srcObject && one.videoWidth)
    if (!video) return null
    const whole = document.createElement('canvas')
    whole.width = video.videoWidth
    whole.height = video.videoHeight
    whole.getContext('2d').drawImage(video, 0, 0)
    return { number: read(video), jpeg: whole.toDataURL('image/jpeg', 1).split(',')[1] }
  }
})()
