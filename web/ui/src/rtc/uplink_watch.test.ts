import { expect, it } from 'vitest'
import { GRACE_MS, UplinkWatch } from './uplink_watch'

/** The mode after each second of these estimates. */
function run(watch: UplinkWatch, estimates: (number | null)[], fromMs = 0): boolean[] {
  return estimates.map((bits, index) => {
    watch.observe(fromMs + index * 1_000, bits)
    return watch.weak
  })
}
const times = (count: number, bits: number | null): (number | null)[] => Array.from({ length: count }, () => bits)

it('lets the estimate of a new connection grow first', () => {
  expect(run(new UplinkWatch(), [...times(6, 300_000), ...times(20, 1_500_000)])).not.toContain(true)
})

it('calls an uplink weak after three seconds under 400 kb/s', () => {
  const modes = run(new UplinkWatch(), times(20, 250_000))
  expect(modes.indexOf(true)).toBe(GRACE_MS / 1_000 + 3)
})

it('does not mind a short dip', () => {
  expect(run(new UplinkWatch(), [...times(8, 900_000), ...times(3, 200_000), ...times(8, 900_000)])).not.toContain(true)
})

it('calls it good again after ten seconds above 600 kb/s, and not between', () => {
  const watch = new UplinkWatch()
  run(watch, times(12, 250_000))
  expect(run(watch, times(30, 500_000), 12_000)).not.toContain(false)
  const modes = run(watch, times(20, 900_000), 42_000)
  expect(modes.indexOf(false)).toBe(10)
})

it('keeps the mode over a new connection until its estimate is known', () => {
  const watch = new UplinkWatch()
  run(watch, times(12, 250_000))
  watch.restart()
  expect(run(watch, times(12, 900_000), 12_000)).not.toContain(false)
})

it('tells an uplink that is faint, with room before it says otherwise', () => {
  const watch = new UplinkWatch()
  run(watch, times(12, 300_000))
  expect([watch.weak, watch.faint]).toEqual([true, false])
  expect(watch.observe(12_000, 200_000)).toBe(true)
  expect([watch.observe(13_000, 300_000), watch.faint]).toEqual([false, true])
  expect([watch.observe(14_000, 330_000), watch.faint]).toEqual([true, false])
})

it('says nothing where the browser says nothing', () => {
  expect(run(new UplinkWatch(), times(60, null))).not.toContain(true)
})
