import { expect, it } from 'vitest'
import { WindowPatience } from '../../../src/spsa/window-patience.ts'

/** How often somebody is waited for in vain who sends its pack, or not, in so many windows. */
function waitsFor (windows: number, sends: (window: number) => boolean): number {
  const patience = new WindowPatience()
  let waits = 0
  for (let window = 0; window < windows; window++) {
    if (!sends(window) && patience.isWorthIt('ann')) waits++
    patience.after(sends(window) ? { came: ['ann'], missing: [] } : { came: [], missing: ['ann'] })
  }
  return waits
}

it.each([1, 2, 3, 8, 16])('whoever leaves out one window of %i is waited for in vain ever less often: 1, 2, 4 … 16 of these windows are let pass', every => {
  // of those that it leaves out, number 1, 2, 4, 7, 12, 21, 38, 55 …
  expect(waitsFor(38 * every, window => window % every !== 0)).toBe(7)
})

it('whoever lets others wait but once in seventeen windows is as any other: a link that broke is nobody’s habit', () => {
  expect(waitsFor(40 * 17, window => window % 17 !== 0)).toBe(40)
})

it('nobody is waited for less for what another one left out', () => {
  const patience = new WindowPatience()
  for (let window = 0; window < 2; window++) patience.after({ came: ['bob'], missing: ['ann'] })
  expect([patience.isWorthIt('ann'), patience.isWorthIt('bob')]).toEqual([false, true])
})
