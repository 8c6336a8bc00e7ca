import { describe, expect, it } from 'vitest'
import { words } from '../../../src/random/words.ts'
import { fillGaussian } from '../../../src/random/draw.ts'
import { epsilonOf, privateScalar, renyiDivergence } from '../../../src/spsa/privacy.ts'

function normals (seed: number): () => number {
  const source = words(seed, 600)
  return () => {
    const value = new Float32Array(1)
    fillGaussian(value, source, 1)
    return value[0]!
  }
}

/** log E_Q[(P/Q)^α] / (α − 1) of P = (1 − q) N(0, σ²) + q N(1, σ²) against Q = N(0, σ²), by adding up a fine grid. */
function byQuadrature (order: number, sigma: number, rate: number): number {
  const step = 1e-3
  let sum = 0
  for (let x = -30 * sigma; x < 30 * sigma + order; x += step) {
    const ratio = 1 - rate + rate * Math.exp((2 * x - 1) / (2 * sigma ** 2))
    sum += Math.exp(order * Math.log(ratio) - x * x / (2 * sigma ** 2)) * step
  }
  return Math.log(sum / (sigma * Math.sqrt(2 * Math.PI))) / (order - 1)
}

describe('the divergence of a disclosure', () => {
  it('is α/2σ² without sampling, and nothing where nobody is sampled', () => {
    expect(renyiDivergence(8, 2, 1)).toBe(1)
    expect(renyiDivergence(8, 2, 0)).toBe(0)
    expect(renyiDivergence(8, 2, 1 - 1e-12)).toBeCloseTo(1, 8)
  })

  it.each([[2, 1, 0.1], [5, 1.5, 0.02], [12, 2, 0.3]] as const)('of order %d, noise %d and sampling %d is the integral of its definition', (order, sigma, rate) => {
    expect(renyiDivergence(order, sigma, rate)).toBeCloseTo(byQuadrature(order, sigma, rate), 6)
  })
})

describe('ε', () => {
  it('adds up over disclosures, and grows with every one', () => {
    const one = { noiseMultiplier: 2, samplingRate: 0.1, times: 50 }
    expect(epsilonOf([one, one], 1e-5)).toBe(epsilonOf([{ ...one, times: 100 }], 1e-5))
    expect(epsilonOf([one], 1e-5)).toBeLessThan(epsilonOf([one, one], 1e-5))
    expect(epsilonOf([], 1e-5)).toBe(0)
  })

  // Bu, Dong, Long and Su, "Deep learning with Gaussian differential privacy" (2020), figure 4: batches of 256 of 60,000, δ = 1e-5. Their moments
  // accountant has the same divergences and a conversion that is a little looser.
  it.each([[1.3, 20, 1.34], [0.7, 70, 8.68]] as const)('of noise %d over %d epochs lies just below the published %d', (noiseMultiplier, epochs, published) => {
    const epsilon = epsilonOf([{ noiseMultiplier, samplingRate: 256 / 60_000, times: Math.floor(epochs * 60_000 / 256) }], 1e-5)
    expect(epsilon).toBeLessThan(published)
    expect(epsilon).toBeGreaterThan(0.8 * published)
  })

  it('refuses a δ that is no chance', () => {
    for (const delta of [0, 1, NaN]) expect(() => epsilonOf([], delta)).toThrow(RangeError)
  })
})

describe('a private scalar', () => {
  it('is the mean of clipped scalars plus noise of σ C over their number', () => {
    const normal = normals(1)
    const draws = Array.from({ length: 20_000 }, () => privateScalar([5, -0.5, NaN, 0.25], { clip: 1, noiseMultiplier: 2 }, normal))
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length
    expect(mean).toBeCloseTo(0.75 / 4, 1.5)
    expect(Math.sqrt(variance)).toBeCloseTo(2 / 4, 1.5)
  })

  it('refuses rules that protect nothing', () => {
    for (const rules of [{ clip: 0, noiseMultiplier: 1 }, { clip: Infinity, noiseMultiplier: 1 }, { clip: 1, noiseMultiplier: 0 }, { clip: 1, noiseMultiplier: NaN }]) {
      expect(() => privateScalar([1], rules, () => 0)).toThrow(RangeError)
    }
    expect(() => privateScalar([], { clip: 1, noiseMultiplier: 1 }, () => 0)).toThrow(RangeError)
  })
})
