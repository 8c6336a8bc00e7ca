import { threefry2x32 } from '../random/threefry.ts'
import type { Block } from './ferret.ts'
import type { Noise, Seed } from './noise.ts'
import { SIGNS_PER_BLOCK, fromIntegers } from './plain-noise.ts'

/** Rows of counters that signs and bell curves do not use, so that a mask's seed may be a direction's, too. */
const FIRST_MASK_ROW = 16
/** 2⁻¹⁶ of the weights: a sparser mask would leave most layers out. */
const MOST_HALVINGS = 16

/**
 * Noise on a seeded part of the weights, the same for every direction (Sparse MeZO, arXiv 2402.15751, with a random mask): value i moves when
 * `halvings` words of the mask's blocks all have bit i set, a share of 2^−halvings. A projected gradient then has that share of the variance.
 *
 * @throws RangeError unless `halvings` is a whole number in 0 … 16
 */
export function sparseNoise (noise: Noise, mask: Seed, halvings: number): Noise {
  if (!Number.isInteger(halvings) || halvings < 0 || halvings > MOST_HALVINGS) throw new RangeError(`a mask halves 0 to ${MOST_HALVINGS} times, not ${halvings}`)
  return {
    ...noise,
    ...fromIntegers((target, seed, first) => {
      noise.fill(target, seed, first)
      clearOutside(target, mask, halvings, first)
    })
  }
}

function clearOutside (target: Int8Array, mask: Seed, halvings: number, first: number): void {
  for (let at = 0; at < target.length;) {
    const [block, inBlock] = [Math.floor((first + at) / SIGNS_PER_BLOCK), (first + at) % SIGNS_PER_BLOCK]
    let [low, high] = [-1, -1]
    for (let row = 0; row < halvings; row++) {
      const [left, right] = threefry2x32(mask, [block, FIRST_MASK_ROW + row])
      low &= left
      high &= right
    }
    const end = Math.min(target.length, at + SIGNS_PER_BLOCK - inBlock)
    for (let bit = inBlock; at < end; at++, bit++) target[at] = (target[at] as number) & -((bit < 32 ? low >>> bit : high >>> bit - 32) & 1)
  }
}

/** Noise on these stretches of the weights alone, say the norms and biases, or all but the embeddings. */
export function blockNoise (noise: Noise, blocks: readonly Block[]): Noise {
  return {
    ...noise,
    ...fromIntegers((target, seed, first) => {
      target.fill(0)
      for (const block of blocks) {
        const [from, to] = [Math.max(first, block.first), Math.min(first + target.length, block.first + block.size)]
        if (from < to) noise.fill(target.subarray(from - first, to - first), seed, from)
      }
    })
  }
}
