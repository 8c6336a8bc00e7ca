import { describe, expect, it } from 'vitest'
import { disclosureOf, promiseOf, unpredictableNormal } from '../../../node/scalars/disclosure.ts'
import { epsilonOf } from '../../../src/spsa/privacy.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'

const privacy = { clip: 1, noiseMultiplier: 4, delta: 1e-5 }

describe('what a scalar becomes before anybody hears of it', () => {
  it('is itself where the run asks for nothing', () => {
    expect(disclosureOf(scalarPresets.fedkseed)).toBeUndefined()
    expect(promiseOf(scalarPresets.fedkseed, 10)).toEqual([])
    expect(disclosureOf(scalarPresets.ferret)).toBeUndefined()
  })

  it.each([scalarPresets.fedkseed, scalarPresets['one-byte']])('is clipped, and noise of σ C is on it', method => {
    const disclose = disclosureOf({ ...method, privacy })!
    const told = Array.from({ length: 4000 }, () => disclose(1000))
    const mean = told.reduce((sum, value) => sum + value, 0) / told.length
    const variance = told.reduce((sum, value) => sum + (value - mean) ** 2, 0) / told.length
    // Standard errors are 4/√4000 = 0.063 and 16·√(2/4000) = 0.36: seven of each.
    expect(Math.abs(mean - 1)).toBeLessThan(0.45)
    expect(Math.abs(variance - 16)).toBeLessThan(2.6)
  })

  it('is its sign, where that alone is told', () => {
    const disclose = disclosureOf({ ...scalarPresets.fedkseed, form: 'sign' })!
    expect([3, -0.1, 0].map(disclose)).toEqual([1, -1, 0])
    const noisy = disclosureOf({ ...scalarPresets.fedkseed, form: 'sign', privacy })!
    expect(new Set(Array.from({ length: 200 }, () => noisy(0)))).toEqual(new Set([1, -1]))
  })

  it('draws a number of its own each time', () => {
    expect(new Set(Array.from({ length: 100 }, unpredictableNormal)).size).toBe(100)
  })

  it('says what it promises', () => {
    const epsilon = epsilonOf([{ noiseMultiplier: 4, samplingRate: 1, times: 120 }], 1e-5)
    expect(promiseOf({ ...scalarPresets.fedkseed, privacy }, 120)).toEqual([`120 scalars told, each with noise: ε ${epsilon.toPrecision(3)} at δ 0.00001 for a batch that was in all of them`])
  })
})
