import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FixReporter, metresBetween, type FixReporterOptions, type PlaceState } from './fix_reporter'

class FakeGeolocation implements Geolocation {
  private success: PositionCallback = () => undefined
  private failure: PositionErrorCallback | null | undefined
  asked: { success: PositionCallback; failure: PositionErrorCallback | null | undefined }[] = []
  watching = 0

  watchPosition(success: PositionCallback, failure?: PositionErrorCallback | null): number {
    this.success = success
    this.failure = failure
    this.watching += 1
    return 1
  }
  clearWatch(): void {
    this.watching -= 1
  }
  getCurrentPosition(success: PositionCallback, failure?: PositionErrorCallback | null): void {
    this.asked.push({ success, failure })
  }
  at(latitude: number, longitude: number, accuracy = 10): void {
    this.success(position(latitude, longitude, accuracy))
  }
  fail(code: number): void {
    this.failure?.({ code } as GeolocationPositionError)
  }
}

const position = (latitude: number, longitude: number, accuracy = 10): GeolocationPosition =>
  ({ coords: { latitude, longitude, accuracy }, timestamp: Date.now() }) as GeolocationPosition

let geolocation: FakeGeolocation
let reports: Record<string, unknown>[]
let states: PlaceState[]

function make(options: Partial<FixReporterOptions> = {}): FixReporter {
  const reporter = new FixReporter({
    agreed: true,
    geolocation,
    report: (body) => reports.push(body),
    onState: (state) => states.push(state),
    ...options,
  })
  reporter.start()
  return reporter
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime('2026-01-01T08:00:00Z')
  geolocation = new FakeGeolocation()
  reports = []
  states = []
})
afterEach(() => vi.useRealTimers())

describe('FixReporter', () => {
  it('reports the first fix with its own time and datum', () => {
    make()
    geolocation.at(30.27, 120.15, 14)
    expect(reports).toEqual([
      { latitude: 30.27, longitude: 120.15, accuracy_m: 14, taken_at: '2026-01-01T08:00:00.000Z', source: 'browser', datum: 'WGS84' },
    ])
  })

  it('does not vouch for the datum inside another app', () => {
    make({ datumUnverified: true })
    geolocation.at(30.27, 120.15)
    expect(reports[0]?.datum).toBe('UNVERIFIED')
  })

  it('reports again after 30 m, not after 20 m', () => {
    make()
    geolocation.at(30.27, 120.15)
    geolocation.at(30.27 + 20 / 111_195, 120.15)
    expect(reports).toHaveLength(1)
    geolocation.at(30.27 + 31 / 111_195, 120.15)
    expect(reports).toHaveLength(2)
  })

  it('reports at least every minute, also when the phone lies still and says nothing', () => {
    make()
    geolocation.at(30.27, 120.15)
    vi.advanceTimersByTime(60_000)
    expect(geolocation.asked).toHaveLength(1)
    geolocation.asked[0]?.success(position(30.27, 120.15))
    expect(reports).toHaveLength(2)
  })

  it('repeats a measurement that is still fresh instead of asking', () => {
    make()
    geolocation.at(30.27, 120.15)
    vi.advanceTimersByTime(30_000)
    geolocation.at(30.27, 120.15)
    vi.advanceTimersByTime(30_000)
    expect(reports).toHaveLength(2)
    expect(geolocation.asked).toHaveLength(0)
  })

  it('says why there is no position, once until the cause changes', () => {
    make()
    geolocation.fail(3)
    geolocation.fail(3)
    geolocation.fail(1)
    expect(reports).toEqual([{ no_fix: 'timeout' }, { no_fix: 'refused' }])
    expect(states.at(-1)).toEqual({ kind: 'none', cause: 'refused' })
  })

  it('says again each minute that there is still none', () => {
    make()
    geolocation.fail(2)
    vi.advanceTimersByTime(60_000)
    geolocation.asked[0]?.failure?.({ code: 2 } as GeolocationPositionError)
    expect(reports).toEqual([{ no_fix: 'unavailable' }, { no_fix: 'unavailable' }])
  })

  it('asks the phone for nothing when the applicant did not agree', () => {
    make({ agreed: false })
    expect(reports).toEqual([{ no_fix: 'refused' }])
    expect(geolocation.watching).toBe(0)
  })

  it('says unsupported where the browser has no position', () => {
    make({ geolocation: null })
    expect(reports).toEqual([{ no_fix: 'unsupported' }])
  })

  it('stops watching', () => {
    const reporter = make()
    reporter.stop()
    vi.advanceTimersByTime(600_000)
    expect([geolocation.watching, geolocation.asked.length]).toEqual([0, 0])
  })
})

it('measures a degree of latitude', () => {
  const a = { latitude: 30, longitude: 120, accuracyM: 1, takenAtMs: 0 }
  expect(metresBetween(a, { ...a, latitude: 31 })).toBeCloseTo(111_195, -2)
})
