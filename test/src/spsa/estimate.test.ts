import { describe, expect, it } from 'vitest'
import { noiseOf, rademacher } from '../../../src/spsa/noise.ts'
import type { Seed } from '../../../src/spsa/noise.ts'
import { bell } from './support.ts'

const SIZE = 12
const DRAWS = 40_000
const curvature = bell(SIZE, 1).map(value => 0.5 + Math.abs(value))
const point = bell(SIZE, 2)
const slope = point.map((value, i) => value * curvature[i]!)
const loss = (theta: ArrayLike<number>): number => Array.from(theta).reduce((sum, value, i) => sum + 0.5 * curvature[i]! * value * value, 0)

function estimates (kind: 'rademacher' | 'gaussian'): { readonly mean: number[], readonly secondMoment: number } {
  const noise = noiseOf(kind)
  const integers = new Int8Array(SIZE)
  const mean = new Array<number>(SIZE).fill(0)
  let secondMoment = 0
  for (let draw = 0; draw < DRAWS; draw++) {
    noise.fill(integers, [draw, 99], 0)
    const z = Array.from(integers, value => value / noise.integersPerUnit)
    const at = (epsilon: number): number => loss(z.map((value, i) => point[i]! + epsilon * value))
    const scalar = (at(1e-3) - at(-1e-3)) / 2e-3
    z.forEach((value, i) => {
      mean[i]! += scalar * value / DRAWS
      secondMoment += (scalar * value) ** 2 / DRAWS
    })
  }
  return { mean, secondMoment }
}

describe('the projected gradient on a quadratic', () => {
  const squaredNorm = slope.reduce((sum, value) => sum + value * value, 0)

  it.each(['rademacher', 'gaussian'] as const)('has the gradient as its mean: E[ĝ z] = ∇L (%s)', kind => {
    const { mean } = estimates(kind)
    const sigma = Math.sqrt(3 * squaredNorm / DRAWS)
    mean.forEach((value, i) => { expect(Math.abs(value - slope[i]!)).toBeLessThan(4 * sigma) })
  })

  it('has E‖ĝ z‖² = d‖∇L‖² for signs and (d+2)‖∇L‖² less the binomial\'s kurtosis for bell-shaped directions', () => {
    expect(estimates('rademacher').secondMoment / squaredNorm / SIZE).toBeCloseTo(1, 1.5)
    expect(estimates('gaussian').secondMoment / squaredNorm / (SIZE + 2 - 2 / 64)).toBeCloseTo(1, 1.5)
  })
})

describe('descent on ½‖θ‖² with n directions a step', () => {
  it('shrinks the squared distance by 1 − 2ηn + η²n(n + d − 1), as derived in docs/scalars.md', () => {
    const [size, directions, rate, trials] = [32, 16, 0.012, 60]
    let ratio = 0
    for (let trial = 0; trial < trials; trial++) {
      const theta = bell(size, 10 + trial)
      const next = Float64Array.from(theta)
      const z = new Int8Array(size)
      for (let direction = 0; direction < directions; direction++) {
        const seed: Seed = [trial, direction]
        rademacher.fill(z, seed, 0)
        const scalar = theta.reduce((sum, value, i) => sum + value * z[i]!, 0)
        for (let i = 0; i < size; i++) next[i]! -= rate * scalar * z[i]!
      }
      const squared = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value * value, 0)
      ratio += squared(next) / squared(theta) / trials
    }
    expect(ratio).toBeCloseTo(1 - 2 * rate * directions + rate ** 2 * directions * (directions + size - 1), 1.5)
  })
})
