import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lossPoints, meanCourse, nearest, valueAt } from '../../../../node/web/page/courses.ts'
import { niceTicks, percent, rangeOf, short } from '../../../../node/web/page/numbers.ts'

describe('the mean of courses', () => {
  it('is their mean where all have begun, on the lines between rounds', () => {
    const mean = meanCourse([[{ x: 0, y: 4 }, { x: 10, y: 2 }], [{ x: 0, y: 2 }, { x: 5, y: 1 }, { x: 10, y: 0 }]])
    expect(mean[0]).toEqual({ x: 0, y: 3 })
    expect(mean.at(-1)).toEqual({ x: 10, y: 1 })
    expect(valueAt(mean, 2.5)).toBeCloseTo(2.5)
  })

  it('goes on with those that go on, as long as they are two', () => {
    const mean = meanCourse([[{ x: 0, y: 6 }, { x: 10, y: 6 }], [{ x: 0, y: 2 }, { x: 20, y: 2 }], [{ x: 0, y: 1 }, { x: 40, y: 1 }]])
    expect(mean[0]?.y).toBe(3)
    expect(mean.at(-1)).toEqual({ x: 20, y: 1.5 })
  })

  it('is none of one peer alone, nor of peers that have one round', () => {
    expect(meanCourse([[{ x: 0, y: 4 }, { x: 10, y: 4 }]])).toEqual([])
    expect(meanCourse([[{ x: 0, y: 4 }], [{ x: 1, y: 4 }]])).toEqual([])
  })

  it('lies within the values', () => {
    const course = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 9 }), y: fc.float({ min: 0, max: 10, noNaN: true }) }), { minLength: 2, maxLength: 20 })
      .map(gaps => gaps.reduce<Array<{ x: number, y: number }>>((points, { gap, y }) => [...points, { x: (points.at(-1)?.x ?? 0) + gap, y }], []))
    fc.assert(fc.property(fc.array(course, { minLength: 2, maxLength: 5 }), courses => {
      const ys = courses.flat().map(({ y }) => y)
      for (const { y } of meanCourse(courses)) {
        expect(y).toBeGreaterThanOrEqual(Math.min(...ys) - 1e-6)
        expect(y).toBeLessThanOrEqual(Math.max(...ys) + 1e-6)
      }
    }))
  })

  it('of what peers tell leaves out rounds without a loss', () => {
    expect(lossPoints([{ atMs: 0, round: 1, step: 5, loss: 3 }, { atMs: 1, round: 2, step: 10, loss: null }])).toEqual([{ x: 5, y: 3 }])
    expect(nearest([{ x: 1, y: 0 }, { x: 9, y: 1 }], 6)).toEqual({ x: 9, y: 1 })
    expect(nearest([], 6)).toBeUndefined()
  })
})

describe('axes', () => {
  it('have few ticks at round numbers within the range', () => {
    fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (low, length) => {
      const ticks = niceTicks(low, low + length, 5)
      expect(ticks.length).toBeLessThanOrEqual(8)
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(low - 1e-6 * length)
        expect(tick).toBeLessThanOrEqual(low + length * (1 + 1e-6))
      }
    }))
    expect(niceTicks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10])
  })

  it('have a length whatever the values are', () => {
    for (const values of [[], [0], [3, 3], [Number.NaN], [-2, 5]]) {
      const [low, high] = rangeOf(values)
      expect(high).toBeGreaterThan(low)
    }
  })

  it('have short numbers', () => {
    expect([0, 1.23456, 12_345.6, 0.00012, null, Number.NaN].map(short)).toEqual(['0', '1.23', '12 346', '1.2e-4', '–', '–'])
    expect(percent(0.0123)).toBe('1.23 %')
  })
})
