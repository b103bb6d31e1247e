/**
 * Tells from the browser's own estimate whether the uplink carries a moving picture. With patience both ways: estimates
 * start low (Chromium at 300 kb/s), and a mode that comes and goes reads worse than either.
 */
const WEAK_BELOW = 400_000
const GOOD_ABOVE = 600_000
const WEAK_AFTER_MS = 3_000
const GOOD_AFTER_MS = 10_000
/** Fewer frames still, so that each is sharp; with room between, so that it does not come and go. */
const FAINT_BELOW = 250_000
const FAINT_UNTIL = 320_000
/** So long after a connection was made its estimate says nothing yet. */
export const GRACE_MS = 6_000

export class UplinkWatch {
  weak = false
  /** Weak, and under 250 kb/s. */
  faint = false
  private startedMs: number | null = null
  private sinceMs: number | null = null

  /** Another connection: its estimate starts anew, the mode stays as it is until that is known. */
  restart(): void {
    this.startedMs = this.sinceMs = null
  }

  /** About once a second. `bitsPerSecond`: null where the browser does not say. True when `weak` or `faint` has changed. */
  observe(atMs: number, bitsPerSecond: number | null): boolean {
    const turned = this.turn(atMs, bitsPerSecond)
    const before = this.faint
    if (bitsPerSecond !== null) this.faint = this.weak && bitsPerSecond < (before ? FAINT_UNTIL : FAINT_BELOW)
    return turned || this.faint !== before
  }

  private turn(atMs: number, bitsPerSecond: number | null): boolean {
    this.startedMs ??= atMs
    const contrary = bitsPerSecond !== null && (this.weak ? bitsPerSecond > GOOD_ABOVE : bitsPerSecond < WEAK_BELOW)
    if (!contrary || atMs - this.startedMs < GRACE_MS) {
      this.sinceMs = null
      return false
    }
    this.sinceMs ??= atMs
    if (atMs - this.sinceMs < (this.weak ? GOOD_AFTER_MS : WEAK_AFTER_MS)) return false
    this.weak = !this.weak
    this.sinceMs = null
    return true
  }
}
