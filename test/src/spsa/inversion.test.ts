import { describe, expect, it } from 'vitest'
import { words } from '../../../src/random/words.ts'
import { fillGaussian } from '../../../src/random/draw.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { privateScalar } from '../../../src/spsa/privacy.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { seedOfStep } from '../../../src/spsa/seeds.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { bell } from './support.ts'

const FEATURES = 12
/** Weights and a bias. */
const SIZE = FEATURES + 1
const EPSILON = 1e-3
const codec = scalarCodec()
const theta = bell(SIZE, 31, 0.3)
const secret = bell(FEATURES, 32)

/** Logistic regression on one private example of class 1. */
function loss (weights: Float32Array): number {
  const score = secret.reduce((sum, value, feature) => sum + value * weights[feature]!, weights[FEATURES]!)
  return Math.log1p(Math.exp(-score))
}

function directionOf (step: number): Float32Array {
  return readAll(perturbed(heldWeights(new Float32Array(SIZE)), rademacher, seedOfStep('run', step, 'victim'), 1))
}

/** What the swarm hears: a byte a step, all of one example at nearly one θ. */
function heard (steps: number, disclose: (scalar: number) => number): number[] {
  return Array.from({ length: steps }, (_, step) => {
    const at = (epsilon: number): number => loss(readAll(perturbed(heldWeights(theta), rademacher, seedOfStep('run', step, 'victim'), epsilon)))
    return codec.decode(codec.encode(disclose((at(EPSILON) - at(-EPSILON)) / (2 * EPSILON))))
  })
}

/**
 * The attack: scalars are inner products of the gradient with directions that everybody can make, so least squares gives the gradient; and that of a
 * first layer's weights over that of its bias is the input itself (Phong et al. 2018, equation 9; used by Geiping et al. 2020, proposition 3.1).
 */
function invert (scalars: readonly number[]): Float32Array {
  const gradient = new Float64Array(SIZE)
  const directions = scalars.map((_, step) => directionOf(step))
  for (let sweep = 0; sweep < 400; sweep++) {
    scalars.forEach((scalar, step) => {
      const z = directions[step]!
      const missing = scalar - z.reduce((sum, sign, index) => sum + sign * gradient[index]!, 0)
      // Kaczmarz with a falling step: the least-squares solution of equations that quantizing made contradictory.
      z.forEach((sign, index) => { gradient[index] = gradient[index]! + missing * sign / SIZE / (1 + sweep / 20) })
    })
  }
  return Float32Array.from({ length: FEATURES }, (_, feature) => gradient[feature]! / gradient[FEATURES]!)
}

function cosine (one: Float32Array, other: Float32Array): number {
  const product = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
  return product(one, other) / Math.sqrt(product(one, one) * product(other, other))
}

/** Unpredictable to the attacker; of a seed here so that the test can be run again. */
function normals (seed: number): () => number {
  const values = new Float32Array(1000)
  fillGaussian(values, words(seed, 601), 1)
  let next = 0
  return () => values[next++]!
}

describe('inverting scalars', () => {
  it('recovers the private example from a few dozen bytes, rounded to 6.5 % as they are', () => {
    expect(cosine(invert(heard(64, scalar => scalar)), secret)).toBeGreaterThan(0.99)
  })

  it('cannot from fewer bytes than the model has weights', () => {
    expect(Math.abs(cosine(invert(heard(3, scalar => scalar)), secret))).toBeLessThan(0.8)
  })

  it('finds next to nothing in scalars with clipping and noise, over eight draws of the noise', () => {
    const found = Array.from({ length: 8 }, (_, draw) => {
      const normal = normals(draw)
      return cosine(invert(heard(64, scalar => privateScalar([scalar], { clip: 0.5, noiseMultiplier: 4 }, normal))), secret)
    })
    // Eight cosines of nothing in twelve dimensions average to 0 ± 0.1.
    expect(Math.abs(found.reduce((sum, value) => sum + value, 0) / found.length)).toBeLessThan(0.4)
  })
})
