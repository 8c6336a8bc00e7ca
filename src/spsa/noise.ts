import type { Pair } from '../random/threefry.ts'
import { compiledGaussian, compiledRademacher } from './compiled-noise.ts'
import { plainGaussian, plainRademacher } from './plain-noise.ts'

/** 64 bits that name one direction in parameter space: the key of its generator. */
export type Seed = Pair

export type NoiseKind = 'rademacher' | 'gaussian'

/** −amount·z is added to the weights, in units of the run's fixed point. */
export interface Contribution {
  readonly seed: Seed
  /** A whole number of units. */
  readonly amount: number
}

/**
 * A direction z that is regenerated, never stored. Its values are integers over a common denominator, so that they can be accumulated
 * exactly: z[i] = integer[i] / integersPerUnit, of mean 0 and variance 1. All indexes stay below 2³²; any part is made alone.
 */
export interface Noise {
  readonly kind: NoiseKind
  readonly integersPerUnit: number
  /** No integer is larger in absolute value. */
  readonly largestInteger: number
  /** E[z⁴], on which the error of a reconstruction from directions depends. */
  readonly fourthMoment: number
  /** Writes the integers of the values `first` … `first + target.length − 1`. */
  fill (target: Int8Array, seed: Seed, first: number): void
  /** value ← fround(value + fround(step · integer)) for the values from `first` on. @param step a float */
  perturb (values: Float32Array, seed: Seed, first: number, step: number): void
  /** sum ← sum − Σ amount · integer modulo 2³² for the values from `first` on: one pass over the sums, however many contributions. */
  accumulate (sums: Int32Array, contributions: readonly Contribution[], first: number): void
}

/** iOS in lockdown mode and Node with --jitless compile nothing: there the same bits come from JavaScript. */
const canCompile = 'WebAssembly' in globalThis

/** Random signs, one bit each: value i is bit i mod 32 of word ⌊i / 32⌋ of the seed's Threefry blocks; a set bit is +1. */
export const rademacher: Noise = canCompile ? compiledRademacher : plainRademacher

/**
 * A bell curve in integers: the number of set bits of one 64-bit Threefry block, minus 32, over 4. That is a centred binomial of variance
 * exactly 64 / 4 / 16 = 1, excess kurtosis −2/64, within ±8; no logarithm, cosine or division that a machine could round its own way.
 */
export const gaussian: Noise = canCompile ? compiledGaussian : plainGaussian

export function noiseOf (kind: NoiseKind): Noise {
  return kind === 'rademacher' ? rademacher : gaussian
}
