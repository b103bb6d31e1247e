// Runs before the page's own code, after peers.js: notes for each peer connection when it was made, when it connected and
// when its first picture was sent or decoded, in ms since the page was asked for.
(() => {
  const seen = (window.reachTimes = [])
  const look = async () => {
    for (const [index, peer] of (window.testPeers ?? []).entries()) {
      const times = (seen[index] ??= { made_ms: performance.now(), connected_ms: null, picture_ms: null, relayed: null })
      if (peer.connectionState === 'connected') times.connected_ms ??= performance.now()
      if (times.connected_ms === null || times.picture_ms !== null) continue
      const rows = [...(await peer.getStats()).values()]
      const pictures = rows.some((row) => row.kind === 'video' && (row.framesDecoded > 0 || row.framesSent > 0))
      const pair = rows.find((row) => row.type === 'candidate-pair' && row.nominated && row.state === 'succeeded')
      const local = rows.find((row) => row.id === pair?.localCandidateId)
      if (pictures) Object.assign(times, { picture_ms: performance.now(), relayed: local?.candidateType === 'relay', protocol: local?.relayProtocol ?? null })
    }
  }
  setInterval(look, 25)
})()
