import { fraction } from '../random/draw.ts'
import type { Words } from '../random/words.ts'

/** Scalars larger than this are no better a sign of importance (FedKSeed's official code). */
const LARGEST_SCALAR = 1000

/** How large the scalars of each direction of a pool were, to draw the telling ones more often (FedKSeed-Pro, Qin et al. 2023, section 4.3). */
export class SeedImportance {
  readonly #sums: Float64Array
  readonly #counts: Uint32Array

  constructor (poolSize: number) {
    this.#sums = new Float64Array(poolSize)
    this.#counts = new Uint32Array(poolSize)
  }

  /** Scalars that are no numbers say nothing. */
  observe (index: number, scalar: number): void {
    if (!Number.isFinite(scalar) || index >= this.#sums.length) return
    this.#sums[index] = (this.#sums[index] as number) + Math.min(Math.abs(scalar), LARGEST_SCALAR)
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  /**
   * p = softmax(min-max(mean |ĝ|)), so that no direction is drawn more than e times as often as another. Directions never tried count as the
   * middle of those that were (our choice: the paper starts from a round in which all are). Only the drawer needs these numbers.
   */
  probabilities (): Float64Array {
    const means = Array.from(this.#sums, (sum, index) => sum / (this.#counts[index] as number))
    const known = means.filter(mean => !Number.isNaN(mean))
    const [least, most] = known.reduce(([low, high], mean) => [Math.min(low, mean), Math.max(high, mean)], [Infinity, -Infinity])
    const spread = known.length === 0 ? 0 : most - least
    const weights = Float64Array.from(means, mean => Math.exp(Number.isNaN(mean) || spread === 0 ? 0.5 : (mean - least) / spread))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map(weight => weight / total)
  }
}

/** An index drawn with these probabilities, which sum to 1. */
export function drawIndex (probabilities: Float64Array, source: Words): number {
  let left = fraction(source)
  for (let index = 0; index < probabilities.length; index++) {
    left -= probabilities[index] as number
    if (left < 0) return index
  }
  return probabilities.length - 1
}
