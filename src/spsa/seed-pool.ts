import { Accumulator, accumulatedWeights } from './accumulator.ts'
import type { Contribution } from './accumulator.ts'
import type { Noise, Seed } from './noise.ts'
import type { WeightSource } from './weight-source.ts'

/** FedKSeed's default and the most that two bytes name; 4096 directions are a state of 16 KB. */
export const DEFAULT_POOL = 4096
const LARGEST_POOL = 65_536
const LARGEST_INT32 = 2 ** 31 - 1

/** One scalar on one direction of the pool, in units of the fixed point. */
export interface PoolStep {
  readonly index: number
  readonly amount: number
}

/**
 * FedKSeed's state of a whole model (Qin et al. 2023, equation 6): θ = θ₀ − Σ_k a_k z(s_k), K whole numbers. They are sums, so that peers who
 * counted the same steps in any order have the same state; and a step costs an addition, not a pass over the weights.
 */
export class SeedPool {
  /** a_k in units. */
  readonly sums: Int32Array
  readonly #seedOf: (index: number) => Seed
  readonly #noise: Noise
  #held = 0

  /** @throws RangeError when two bytes cannot name all directions */
  constructor (size: number, noise: Noise, seedOf: (index: number) => Seed) {
    if (!Number.isInteger(size) || size < 1 || size > LARGEST_POOL) throw new RangeError(`a pool has 1 to ${LARGEST_POOL} seeds, not ${size}`)
    this.sums = new Int32Array(size)
    this.#noise = noise
    this.#seedOf = seedOf
  }

  /** @throws RangeError, with nothing moved, for a seed outside the pool, an amount that is no integer, or what could overflow 32 bits */
  add (steps: readonly PoolStep[]): void {
    const held = this.#held + this.#sizeOf(steps)
    if (held * this.#noise.largestInteger > LARGEST_INT32) throw new RangeError('these steps could overflow the accumulators; take a snapshot first')
    this.#held = held
    for (const { index, amount } of steps) this.sums[index] = (this.sums[index] as number) + amount
  }

  /** Takes back what `add` was given before, exactly. */
  remove (steps: readonly PoolStep[]): void {
    this.#held -= this.#sizeOf(steps)
    for (const { index, amount } of steps) this.sums[index] = (this.sums[index] as number) - amount
  }

  /** Σ |amount| of these steps. @throws RangeError as `add` */
  #sizeOf (steps: readonly PoolStep[]): number {
    let size = 0
    for (const { index, amount } of steps) {
      if (!Number.isInteger(index) || index < 0 || index >= this.sums.length) throw new RangeError(`seed ${index} lies outside the pool of ${this.sums.length}`)
      if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is no whole number of units`)
      size += Math.abs(amount)
    }
    return size
  }

  /** The weights that the state stands for: one fused pass, in which each used seed is generated once. */
  weights (base: WeightSource, unit: number): WeightSource {
    const accumulator = new Accumulator(new Int32Array(base.size), this.#noise)
    const contributions: Contribution[] = Array.from(this.sums, (amount, index) => ({ seed: this.#seedOf(index), amount }))
    accumulator.add(contributions)
    return accumulatedWeights(base, accumulator, unit)
  }
}
