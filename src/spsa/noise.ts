import { threefry2x32 } from '../random/threefry.ts'
import type { Pair } from '../random/threefry.ts'

/** 64 bits that name one direction in parameter space: the key of its generator. */
export type Seed = Pair

export type NoiseKind = 'rademacher' | 'gaussian'

/**
 * A direction z that is regenerated, never stored. Its values are integers over a common denominator, so that they can be accumulated
 * exactly: z[i] = integer[i] / integersPerUnit, of mean 0 and variance 1.
 */
export interface Noise {
  readonly kind: NoiseKind
  readonly integersPerUnit: number
  /** No integer is larger in absolute value. */
  readonly largestInteger: number
  /** E[z⁴], on which the error of a reconstruction from directions depends. */
  readonly fourthMoment: number
  /**
   * Writes the integers of the values `first` … `first + target.length − 1`: any shard regenerates just its part.
   *
   * @param first index of the first value, from 0; all indexes stay below 2³²
   */
  fill (target: Int8Array, seed: Seed, first: number): void
}

/** The second counter word, so that one seed's signs and bell-shaped values have no block in common. */
const COUNTER_ROWS = { rademacher: 0, gaussian: 1 } as const
const SIGNS_PER_BLOCK = 64
const SIGNS_PER_WORD = 32

/** Random signs, one bit each: value i is bit i mod 32 of word ⌊i / 32⌋ of the seed's Threefry blocks; a set bit is +1. */
export const rademacher: Noise = {
  kind: 'rademacher',
  integersPerUnit: 1,
  largestInteger: 1,
  fourthMoment: 1,
  fill (target, seed, first) {
    for (let offset = 0; offset < target.length;) {
      const [block, inBlock] = [Math.floor((first + offset) / SIGNS_PER_BLOCK), (first + offset) % SIGNS_PER_BLOCK]
      const pair = threefry2x32(seed, [block, COUNTER_ROWS.rademacher])
      if (inBlock < SIGNS_PER_WORD) offset = spread(target, offset, pair[0] >>> inBlock, SIGNS_PER_WORD - inBlock)
      const skipped = Math.max(0, inBlock - SIGNS_PER_WORD)
      offset = spread(target, offset, pair[1] >>> skipped, SIGNS_PER_WORD - skipped)
    }
  }
}

/** Writes up to `count` of a word's bits as signs, the lowest first; returns where it stopped. */
function spread (target: Int8Array, offset: number, word: number, count: number): number {
  const end = Math.min(target.length, offset + count)
  let bits = word | 0
  for (let at = offset; at < end; at++, bits >>= 1) target[at] = ((bits & 1) << 1) - 1
  return end
}

/**
 * A bell curve in integers: the number of set bits of one 64-bit Threefry block, minus 32, over 4. That is a centred binomial of variance
 * exactly 64 / 4 / 16 = 1, excess kurtosis −2/64, within ±8; no logarithm, cosine or division that a machine could round its own way.
 */
export const gaussian: Noise = {
  kind: 'gaussian',
  integersPerUnit: 4,
  largestInteger: 32,
  fourthMoment: 3 - 2 / 64,
  fill (target, seed, first) {
    for (let offset = 0; offset < target.length; offset++) {
      const pair = threefry2x32(seed, [first + offset, COUNTER_ROWS.gaussian])
      target[offset] = setBits(pair[0]) + setBits(pair[1]) - 32
    }
  }
}

export function noiseOf (kind: NoiseKind): Noise {
  return kind === 'rademacher' ? rademacher : gaussian
}

/** Set bits of a 32-bit word, added up in ever wider fields (Warren, "Hacker's Delight", 5-1). */
function setBits (word: number): number {
  const pairs = word - (word >>> 1 & 0x5555_5555) | 0
  const nibbles = (pairs & 0x3333_3333) + (pairs >>> 2 & 0x3333_3333)
  return Math.imul(nibbles + (nibbles >>> 4) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
