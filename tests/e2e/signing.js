// Runs before the page's own code: takes ways of signing away, remembers workers, and asks them what signing costs.
(() => {
  const way = 'WAY'
  if (way !== 'transform') delete globalThis.RTCRtpScriptTransform
  if (way === 'none' && globalThis.RTCRtpSender) delete RTCRtpSender.prototype.createEncodedStreams
  const Native = globalThis.Worker
  if (!Native || globalThis.testWorkers) return
  globalThis.testWorkers = []
  globalThis.Worker = class extends Native {
    constructor(...parameters) {
      super(...parameters)
      globalThis.testWorkers.push(this)
    }
  }
  // Figures of all senders, as rtc/signing/frame_signer.ts counts them.
  globalThis.testSigning = () =>
    new Promise((resolve) => {
      const worker = globalThis.testWorkers[0]
      if (!worker) return resolve([])
      const id = 1_000_000
      worker.addEventListener('message', ({ data }) => data.id === id && resolve(data.figures))
      worker.postMessage({ kind: 'figures', id })
    })
})()
