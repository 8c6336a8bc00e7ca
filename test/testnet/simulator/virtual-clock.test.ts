import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MachineClock, VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

function runAll (clock: VirtualClock): void {
  while (clock.advance());
}

describe('VirtualClock', () => {
  it('runs callbacks in order of time, then of scheduling, at their time', () => {
    fc.assert(fc.property(fc.array(fc.nat(20), { maxLength: 200 }), delays => {
      const clock = new VirtualClock()
      const order: number[] = []
      delays.forEach((delay, index) => clock.schedule(delay, () => { expect(clock.nowMs()).toBe(delay); order.push(index) }))
      runAll(clock)
      expect(order).toEqual(delays.map((_, index) => index).sort((a, b) => delays[a]! - delays[b]! || a - b))
    }))
  })

  it('never runs what was cancelled, and runs what callbacks schedule', () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    const cancel = clock.schedule(5, () => seen.push('cancelled'))
    clock.schedule(1, () => { cancel(); clock.schedule(2, () => seen.push(`nested at ${clock.nowMs()}`)) })
    clock.schedule(-7, () => seen.push(`past at ${clock.nowMs()}`))
    runAll(clock)
    expect(seen).toEqual(['past at 0', 'nested at 3'])
  })

  it('stops at the limit', () => {
    const clock = new VirtualClock()
    clock.schedule(10, () => undefined)
    expect(clock.advance(9)).toBe(false)
    expect(clock.advance(10)).toBe(true)
  })
})

describe('MachineClock', () => {
  it('lets what was due while frozen happen on thawing, and nothing after a crash', () => {
    const world = new VirtualClock()
    const machine = new MachineClock(world)
    const seen: string[] = []
    for (const at of [1, 2, 3, 8, 9]) machine.schedule(at, () => seen.push(`${at} at ${world.nowMs()}`))
    const cancel = machine.schedule(4, () => seen.push('cancelled while frozen'))
    world.schedule(1.5, () => { machine.freeze() })
    world.schedule(5, () => { cancel(); machine.thaw() })
    world.schedule(8.5, () => { machine.crash(); machine.thaw() })
    runAll(world)
    expect(seen).toEqual(['1 at 1', '2 at 5', '3 at 5', '8 at 8'])
  })
})
