/**
 * Tells the server where the phone is: at the start, after 30 m, and at least every 60 s while it runs; or that there
 * is no position, with the cause. It never invents one: a measurement is sent as it came, with its own time.
 * Who makes one stops it.
 */
export type NoFixCause = 'refused' | 'unavailable' | 'timeout' | 'unsupported'

export interface PlaceNow {
  latitude: number
  longitude: number
  accuracyM: number
  takenAtMs: number
}

export type PlaceState = { kind: 'waiting' } | { kind: 'fix'; place: PlaceNow } | { kind: 'none'; cause: NoFixCause }

export interface FixReporterOptions {
  report: (body: Record<string, unknown>) => void
  onState?: (state: PlaceState) => void
  geolocation?: Geolocation | null
  /** Whether the applicant agreed to give the position. */
  agreed: boolean
  /** Whether the coordinates' datum cannot be vouched for (browsers inside other apps). */
  datumUnverified?: boolean
  now?: () => number
  moveM?: number
  everyMs?: number
}

const CAUSES: Record<number, NoFixCause> = { 1: 'refused', 2: 'unavailable', 3: 'timeout' }
const EARTH_RADIUS_M = 6_371_000

export class FixReporter {
  state: PlaceState = { kind: 'waiting' }
  private watchId: number | null = null
  private timer: ReturnType<typeof setInterval> | undefined
  private sent: PlaceNow | null = null
  private sentCause: NoFixCause | null = null
  private sentAtMs = 0
  private readonly geolocation: Geolocation | null
  private readonly now: () => number
  private readonly everyMs: number

  constructor(private readonly options: FixReporterOptions) {
    this.geolocation = options.geolocation === undefined ? (globalThis.navigator?.geolocation ?? null) : options.geolocation
    this.now = options.now ?? Date.now
    this.everyMs = options.everyMs ?? 60_000
  }

  start(): void {
    if (!this.options.agreed) return this.none('refused')
    if (!this.geolocation) return this.none('unsupported')
    this.watchId = this.geolocation.watchPosition(
      (position) => this.onPosition(position),
      (error) => this.none(CAUSES[error.code] ?? 'unavailable'),
      { enableHighAccuracy: true, maximumAge: 5_000, timeout: 20_000 },
    )
    this.timer = setInterval(() => this.onTick(), 5_000)
  }

  stop(): void {
    clearInterval(this.timer)
    if (this.watchId !== null) this.geolocation?.clearWatch(this.watchId)
    this.watchId = null
  }

  private onPosition({ coords, timestamp }: GeolocationPosition): void {
    const place = {
      latitude: coords.latitude,
      longitude: coords.longitude,
      accuracyM: coords.accuracy,
      takenAtMs: timestamp,
    }
    this.become({ kind: 'fix', place })
    this.sentCause = null
    if (!this.sent || this.due() || metresBetween(this.sent, place) >= (this.options.moveM ?? 30)) this.send(place)
  }

  /** A phone that lies still tells nothing by itself: the interval repeats what is known, or asks anew. */
  private onTick(): void {
    if (!this.due()) return
    if (this.state.kind === 'fix' && this.now() - this.state.place.takenAtMs < this.everyMs) return this.send(this.state.place)
    this.sentAtMs = this.now() // one question a minute
    this.geolocation?.getCurrentPosition(
      (position) => this.onAsked(position),
      (error) => this.none(CAUSES[error.code] ?? 'unavailable', true),
      { enableHighAccuracy: true, maximumAge: 0, timeout: 15_000 },
    )
  }

  private onAsked(position: GeolocationPosition): void {
    this.sent = null
    if (this.watchId !== null) this.onPosition(position)
  }

  private due(): boolean {
    return this.now() - this.sentAtMs >= this.everyMs
  }

  private send(place: PlaceNow): void {
    this.sent = place
    this.sentAtMs = this.now()
    this.options.report({
      latitude: place.latitude,
      longitude: place.longitude,
      accuracy_m: place.accuracyM,
      taken_at: new Date(place.takenAtMs).toISOString(),
      source: 'browser',
      datum: this.options.datumUnverified ? 'UNVERIFIED' : 'WGS84',
    })
  }

  /** The same cause is told once until it changes, and again each minute when asked anew. */
  private none(cause: NoFixCause, again = false): void {
    this.become({ kind: 'none', cause })
    if (this.sentCause === cause && !again) return
    this.sentCause = cause
    this.sentAtMs = this.now()
    this.options.report({ no_fix: cause })
  }

  private become(state: PlaceState): void {
    this.state = state
    this.options.onState?.(state)
  }
}

/** Great-circle distance; good to 0.5 %, which is enough to decide when to report. */
export function metresBetween(a: PlaceNow, b: PlaceNow): number {
  const rad = Math.PI / 180
  const half = (from: number, to: number): number => Math.sin(((to - from) * rad) / 2) ** 2
  const h = half(a.latitude, b.latitude) + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * half(a.longitude, b.longitude)
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(h))
}
