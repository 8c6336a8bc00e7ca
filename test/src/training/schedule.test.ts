import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adamwCoefficients, power } from '../../../src/training/adamw.ts'
import { learningRateAt } from '../../../src/training/schedule.ts'
import { inner } from './support.ts'

describe('learningRateAt', () => {
  it('rises in equal parts, then falls as half a cosine to a tenth', () => {
    const spec = { ...inner, learningRate: 1, warmupSteps: 4 }
    const rates = Array.from({ length: 16 }, (_, step) => learningRateAt(spec, step, 14))
    expect(rates.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1])
    expect(rates[9]).toBeCloseTo(0.55, 12)
    expect(rates[14]).toBeCloseTo(0.1, 12)
    expect(rates[15]).toBeCloseTo(0.1, 12)
  })

  it('stays where it is without a decay, without an end, and when the warm-up outlasts the budget', () => {
    const spec = { ...inner, learningRate: 1, warmupSteps: 0 }
    expect(learningRateAt({ ...spec, decay: 'constant' }, 90, 100)).toBe(1)
    expect(learningRateAt(spec, 1e6, 0)).toBe(1)
    expect(learningRateAt({ ...spec, warmupSteps: 10 }, 10, 5)).toBe(1)
  })
})

describe('the WSD schedule', () => {
  it('warms up, holds, and falls over the last fifth to nothing', () => {
    const spec = { ...inner, learningRate: 1, warmupSteps: 2, decay: 'wsd' as const }
    const rates = Array.from({ length: 101 }, (_, step) => learningRateAt(spec, step, 100))
    expect(rates.slice(0, 3)).toEqual([0.5, 1, 1])
    expect(rates.slice(2, 81).every(rate => rate === 1)).toBe(true)
    expect(rates[85]).toBeCloseTo(0.5, 12)
    expect(rates[100]).toBe(0)
    expect(learningRateAt(spec, 1e6, 0)).toBe(1)
  })

  it('decays after a warm-up that reaches into the last fifth', () => {
    const spec = { ...inner, learningRate: 1, warmupSteps: 9, decay: 'wsd' as const }
    expect([8, 9, 10].map(step => learningRateAt(spec, step, 10))).toEqual([1, 1, 0])
  })
})

describe('adamwCoefficients', () => {
  it('corrects the bias of the moments at the first step to the gradient itself', () => {
    const { rate, correction } = adamwCoefficients(inner, 0, 1, 1, false)
    expect(rate * (1 - inner.beta1)).toBeCloseTo(1, 12)
    expect(correction * (1 - inner.beta2)).toBeCloseTo(1, 12)
  })

  it('decays only what decays', () => {
    expect(adamwCoefficients(inner, 5, 0.1, 0.25, true)).toMatchObject({ scale: 0.25, keep: 0.99 })
    expect(adamwCoefficients(inner, 5, 0.1, 1, false)).toMatchObject({ scale: 1, keep: 1 })
  })

  it('power is exponentiation', () => {
    fc.assert(fc.property(fc.double({ min: 0.5, max: 1, noNaN: true }), fc.nat(5000), (base, exponent) => {
      expect(power(base, exponent)).toBeCloseTo(base ** exponent, 12)
    }))
  })
})
