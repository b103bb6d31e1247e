// Runs before the page's own code: remembers its peer connections, so that a test can read their statistics.
(() => {
  const Native = window.RTCPeerConnection
  if (!Native || window.testPeers) return
  window.testPeers = []
  window.RTCPeerConnection = new Proxy(Native, {
    construct(target, parameters) {
      const peer = Reflect.construct(target, parameters)
      window.testPeers.push(peer)
      return peer
    },
  })
  // The sum over live connections of one figure of one kind of statistics, as ('inbound-rtp', 'audio', 'packetsReceived').
  window.testSum = async (type, kind, figure) => {
    let sum = 0
    for (const peer of window.testPeers) {
      if (peer.connectionState === 'closed') continue
      for (const row of (await peer.getStats()).values()) {
        if (row.type === type && row.kind === kind) sum += row[figure] ?? 0
      }
    }
    return sum
  }
})()
