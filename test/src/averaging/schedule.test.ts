import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueAt, fragmentOfRound, nextBoundary } from '../../../src/averaging/schedule.ts'

describe('the schedule', () => {
  it('syncs round r at ⌊r·H/F⌋', () => {
    const rhythm = { fragments: 3, everySteps: 10 }
    const steps = [3, 6, 10, 13, 16, 20, 23]
    let step = 0
    expect(steps.map(() => { step = nextBoundary(step, rhythm).step; return step })).toEqual(steps)
    expect([1, 2, 3, 4, 5].map(round => fragmentOfRound(round, 3))).toEqual([0, 1, 2, 0, 1])
  })

  it('misses no boundary and invents none, wherever it resumes', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 500 }), fc.nat(100_000), (fragments, extra, step) => {
      const everySteps = fragments + extra
      const boundary = nextBoundary(step, { fragments, everySteps })
      expect(boundary.step).toBeGreaterThan(step)
      expect(boundary.step).toBe(Math.floor(boundary.index * everySteps / fragments))
      expect(Math.floor((boundary.index - 1) * everySteps / fragments)).toBeLessThanOrEqual(step)
    }))
  })

  it('is the old one for a single fragment', () => {
    expect([0, 9, 10, 11, 19].map(step => nextBoundary(step, { fragments: 1, everySteps: 10 }).step)).toEqual([10, 10, 20, 20, 20])
  })

  it('ends with the budget', () => {
    expect(nextBoundary(7, { fragments: 1, everySteps: 10 }, 9)).toEqual({ index: 1, step: 9 })
    expect(dueAt(8, 5, 10)).toBe(10)
    expect(dueAt(10, 5, 10)).toBe(10)
    expect(dueAt(8, 5)).toBe(13)
  })
})
