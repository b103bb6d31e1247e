/**
 * Pauses between attempts to come back: short for as long as an outage usually lasts, so that whoever returns is back at
 * once, and with jitter, so that a whole office does not return in one moment.
 */
export interface BackoffOptions {
  firstMs?: number
  /** Longest pause within the first two minutes, and after them. */
  maxMs?: number
  lateMaxMs?: number
  now?: () => number
  random?: () => number
}

const PATIENCE_MS = 120_000

export class Backoff {
  private failures = 0
  private sinceMs = 0

  constructor(private readonly options: BackoffOptions = {}) {}

  /** How long to wait after one more failure. */
  nextMs(): number {
    const { firstMs = 200, maxMs = 1_000, lateMaxMs = 3_000, random = Math.random } = this.options
    const now = (this.options.now ?? Date.now)()
    if (this.failures === 0) this.sinceMs = now
    const longest = now - this.sinceMs < PATIENCE_MS ? maxMs : lateMaxMs
    const pauseMs = Math.min(longest, firstMs * 2 ** this.failures)
    this.failures += 1
    return pauseMs * (0.75 + 0.25 * random())
  }

  reset(): void {
    this.failures = 0
  }
}
