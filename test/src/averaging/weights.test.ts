import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partnerWeight } from '../../../src/averaging/replica.ts'
import { labelRound } from '../../../src/averaging/round-label.ts'

describe('a partner’s weight in the pair’s mean', () => {
  it('goes by tokens where the two are not far apart', () => {
    expect(partnerWeight(100, 100)).toBe(0.5)
    expect(partnerWeight(100, 300)).toBe(0.75)
    expect(partnerWeight(0, 0)).toBe(0.5)
  })

  it('is bounded whatever is claimed, and the two sides’ weights sum to one', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), (own, theirs) => {
      const weight = partnerWeight(own, theirs)
      expect(weight).toBeGreaterThanOrEqual(0.2)
      expect(weight).toBeLessThanOrEqual(0.8)
      expect(weight + partnerWeight(theirs, own)).toBeCloseTo(1, 12)
    }))
    expect(partnerWeight(2560, Number.MAX_SAFE_INTEGER)).toBe(0.8)
  })
})

describe('a round’s number', () => {
  it('is not carried away by a number that nobody can have reached', () => {
    const label = labelRound(10, [10, Number.MAX_SAFE_INTEGER])
    expect(label).toEqual({ kind: 'meet', round: 10_011 })
  })
})
