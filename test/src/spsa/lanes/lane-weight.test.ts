import { describe, expect, it } from 'vitest'
import { fillGaussian } from '../../../../src/random/draw.ts'
import { words } from '../../../../src/random/words.ts'
import { rademacher } from '../../../../src/spsa/noise.ts'
import { estimateVariance, firstOrderVariance, laneWeight, leastErrorWeight } from '../../../../src/spsa/lanes/lane-weight.ts'

const squared = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0)
const dot = (one: Float32Array, other: Float32Array): number => one.reduce((sum, value, index) => sum + value * (other[index] as number), 0)

/** ∇L(φ) of a quadratic whose gradient is known. */
function gradientOf (size: number, seed: number): Float32Array {
  const gradient = new Float32Array(size)
  fillGaussian(gradient, words(seed, 900), 1)
  return gradient
}

/** Σ ĝ z / n of n directions, each ĝ = z·g + σ noise. */
function estimate (gradient: Float32Array, count: number, noise: number, draw: number): Float32Array {
  const sum = new Float32Array(gradient.length)
  const signs = new Int8Array(gradient.length)
  const shaken = new Float32Array(count)
  fillGaussian(shaken, words(draw, 901), noise)
  for (let direction = 0; direction < count; direction++) {
    rademacher.fill(signs, [draw, direction], 0)
    let scalar = shaken[direction] as number
    for (let index = 0; index < signs.length; index++) scalar += (signs[index] as number) * (gradient[index] as number)
    for (let index = 0; index < signs.length; index++) sum[index] = (sum[index] as number) + scalar * (signs[index] as number) / count
  }
  return sum
}

/** What k first-order peers know: the truth, scaled by the length of a round, and noise of so much a coordinate each. */
function contributions (truth: Float32Array, scale: number, peers: number, noise: number, draw: number): Float32Array[] {
  return Array.from({ length: peers }, (_, peer) => {
    const shaken = new Float32Array(truth.length)
    fillGaussian(shaken, words(draw, 902, peer), noise)
    return shaken.map((value, index) => scale * (truth[index] as number) + value)
  })
}

const meanOf = (vectors: readonly Float32Array[]): Float32Array => (vectors[0] as Float32Array).map((_, index) => vectors.reduce((sum, vector) => sum + (vector[index] as number), 0) / vectors.length)
const DRAWS = 600

describe('the weight of scalars beside gradients', () => {
  it('follows the closed form of how far n directions lie from a gradient', () => {
    const gradient = gradientOf(40, 1)
    for (const [count, noise] of [[1, 0], [8, 0], [8, 3]] as const) {
      let error = 0
      for (let draw = 0; draw < DRAWS; draw++) error += squared(estimate(gradient, count, noise, draw).map((value, index) => value - (gradient[index] as number)))
      expect(Math.abs(error / DRAWS / estimateVariance(40, count, squared(gradient), noise ** 2) - 1)).toBeLessThan(0.1)
    }
  })

  it('has V₁ from how far the others’ mean lies from each member', () => {
    const truth = gradientOf(64, 2)
    for (const peers of [2, 3, 8]) {
      let [measured, error] = [0, 0]
      for (let draw = 0; draw < DRAWS; draw++) {
        const given = contributions(truth, 1, peers, 0.5, draw)
        const [own, ...others] = given as [Float32Array, ...Float32Array[]]
        const apart = squared(meanOf(others).map((value, index) => value - (own[index] as number)))
        measured += firstOrderVariance({ spread: Math.sqrt(apart / truth.length), members: peers }, truth.length)
        error += squared(meanOf(given).map((value, index) => value - (truth[index] as number)))
      }
      expect(measured / error).toBeCloseTo(1, 1)
    }
  })

  it.each([[12, 3, 0, 0.8], [48, 3, 2, 0.8], [400, 2, 0, 1.5]])('leaves the least expected error of all weights for %i scalars beside %i peers', (count, peers, noise, shake) => {
    const gradient = gradientOf(32, 3)
    const scale = 2.5
    const goal = gradient.map(value => scale * value)
    const grid = Array.from({ length: 101 }, (_, at) => at / 100)
    const errors = grid.map(() => 0)
    for (let draw = 0; draw < DRAWS; draw++) {
      const mean = meanOf(contributions(gradient, scale, peers, shake, draw))
      const sum = estimate(gradient, count, noise, draw)
      grid.forEach((weight, at) => { errors[at] = (errors[at] as number) + squared(mean.map((value, index) => (1 - weight) * value + weight * scale * (sum[index] as number) - (goal[index] as number))) / DRAWS })
    }
    const first = 32 * shake ** 2 / peers
    const second = scale ** 2 * estimateVariance(32, count, squared(gradient), noise ** 2)
    const weight = leastErrorWeight(first, second)
    const left = first * second / (first + second)
    const best = errors.indexOf(Math.min(...errors))
    expect(Math.abs((grid[best] as number) - weight)).toBeLessThan(0.05)
    expect((errors[best] as number) / left).toBeCloseTo(1, 1)
  })

  it.each([[96, 0], [96, 6], [16, 0], [4, 6]])('comes near the least error from what members can measure, for %i scalars with noise %i', (count, noise) => {
    const gradient = gradientOf(32, 4)
    const [peers, shake, scale] = [4, 2, 2.5]
    const variance = 32 * shake ** 2 / peers
    let [without, withScalars, along] = [0, 0, 0]
    for (let draw = 0; draw < DRAWS; draw++) {
      const given = contributions(gradient, scale, peers, shake, draw)
      const sum = estimate(gradient, count, noise, draw)
      const moved = given.map(delta => {
        const { scale: length, weight } = laneWeight({ deltaSquare: squared(delta), estimateSquare: squared(sum), product: dot(delta, sum) }, variance, peers)
        return delta.map((value, index) => (1 - weight) * value + weight * length * (sum[index] as number))
      })
      const errorOf = (vectors: readonly Float32Array[]): number => squared(meanOf(vectors).map((value, index) => value - scale * (gradient[index] as number)))
      without += errorOf(given) / DRAWS
      withScalars += errorOf(moved) / DRAWS
      along += dot(meanOf(moved), gradient) / scale / squared(gradient) / DRAWS
    }
    const second = scale ** 2 * estimateVariance(32, count, squared(gradient), noise ** 2)
    // at its best it takes V₁ / (V₁ + V₂) of the error away; what is measured in one draw finds most of that, and the step keeps its length
    const best = leastErrorWeight(variance, second)
    expect(1 - withScalars / without).toBeGreaterThan(best > 0.1 ? 0.7 * best : -0.02)
    expect(1 - withScalars / without).toBeLessThan(best + 0.1)
    expect(Math.abs(along - 1)).toBeLessThan(0.1)
  })

  it('is nothing where nothing is known, nothing was said, or what was said points away', () => {
    const products = { deltaSquare: 4, estimateSquare: 4, product: 2 }
    expect(laneWeight(products, 1, 2).weight).toBeGreaterThan(0)
    expect(laneWeight(products, 0, 1).weight).toBe(0)
    expect(laneWeight(products, 3, 2).weight).toBe(0)
    expect(laneWeight({ ...products, product: 0 }, 1, 2).weight).toBe(0)
    expect(laneWeight({ ...products, product: -2 }, 1, 2).weight).toBe(0)
    expect(laneWeight({ ...products, product: Number.NaN }, 1, 2).weight).toBe(0)
    expect(laneWeight({ ...products, estimateSquare: Infinity }, 1, 2).weight).toBe(0)
    expect(firstOrderVariance({ spread: Number.NaN, members: 3 }, 10)).toBe(0)
    expect(firstOrderVariance({ spread: 1, members: 1 }, 10)).toBe(0)
  })
})
