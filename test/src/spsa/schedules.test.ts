import { describe, expect, it } from 'vitest'
import { cosineOfPi, scheduleOf } from '../../../src/spsa/schedules.ts'

describe('a schedule', () => {
  it.each([
    ['constant', [[0, 1], [50, 1], [100, 1]]],
    ['linear', [[0, 1], [50, 0.55], [100, 0.1]]],
    ['cosine', [[0, 1], [25, 0.55 + 0.45 * Math.SQRT1_2], [50, 0.55], [100, 0.1]]]
  ] as const)('that is %s falls from its first value to a tenth', (decay, points) => {
    const schedule = scheduleOf({ first: 1, decay, steps: 100 })
    for (const [step, value] of points) expect(schedule(step)).toBeCloseTo(value, 12)
  })

  it.each(['constant', 'linear', 'cosine'] as const)('that is %s rises from nothing where it warms up, and is never above its first value', decay => {
    const schedule = scheduleOf({ first: 3, decay, steps: 50, warmup: 5 })
    expect([0, 1, 4].map(schedule)).toEqual([0.5, 1, 2.5])
    for (let step = 0; step <= 50; step++) expect(schedule(step)).toBeLessThanOrEqual(3)
    expect(schedule(5)).toBe(3)
    if (decay !== 'constant') expect(schedule(50)).toBeCloseTo(0.3, 12)
  })

  it('has a cosine within 4 units in the last place of the true one, made without Math.cos', () => {
    for (let part = 0; part <= 1000; part++) expect(Math.abs(cosineOfPi(part / 1000) - Math.cos(Math.PI * part / 1000))).toBeLessThan(4 * Number.EPSILON)
    expect(cosineOfPi(0.5)).toBeCloseTo(0, 15)
  })

  it('is the same double everywhere: its bits are known', () => {
    const schedule = scheduleOf({ first: 1e-3, decay: 'cosine', steps: 1000, warmup: 10 })
    expect([9, 100, 500, 999].map(schedule)).toMatchInlineSnapshot(`
      [
        0.0009090909090909091,
        0.000981771838126524,
        0.0005571396837256635,
        0.00010000226574750204,
      ]
    `)
  })
})
