/** What the device tells of its network: it has moved to another one, or was asleep and may have missed that. */
export interface NetworkListener {
  moved(): void
  woke(): void
}

/** Returns how to stop. */
export type NetworkSource = (listener: NetworkListener) => () => void

type Connection = EventTarget & { type?: string }

/**
 * `online` and a changed kind of network. `connection.change` alone also fires for new speed estimates, which are no
 * reason to dial again, so the kind is compared. Coming to the foreground is no move: phones stop a page's timers in the
 * background, so nobody has looked meanwhile.
 */
export const pageNetwork: NetworkSource = ({ moved, woke }) => {
  const connection = (navigator as Navigator & { connection?: Connection }).connection
  let kind = connection?.type
  const onConnection = (): void => {
    if (connection?.type === kind) return
    kind = connection?.type
    if (kind !== 'none') moved()
  }
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') woke()
  }
  window.addEventListener('online', moved)
  window.addEventListener('pageshow', woke)
  document.addEventListener('visibilitychange', onVisible)
  connection?.addEventListener('change', onConnection)
  return () => {
    window.removeEventListener('online', moved)
    window.removeEventListener('pageshow', woke)
    document.removeEventListener('visibilitychange', onVisible)
    connection?.removeEventListener('change', onConnection)
  }
}
