import { NOISE_CHUNK } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'
import type { Noise, Seed } from './noise.ts'

/** −amount·z is added to the weights, in units of the run's fixed point. */
export interface Contribution {
  readonly seed: Seed
  /** A whole number of units. */
  readonly amount: number
}

const LARGEST_INT32 = 2 ** 31 - 1

/** How real steps become whole units. */
export interface FixedPoint {
  /** A power of two: multiplying by it is exact. */
  readonly unit: number
  /** Units of the largest step; no contribution has more. */
  readonly largestAmount: number
}

/**
 * The finest power-of-two unit at which an epoch cannot overflow 32 bits even if every direction pointed the same way:
 * contributions · ⌈largestStep / unit⌉ · largestInteger ≤ 2³¹ − 1.
 *
 * @param largestStep the largest |η ĝ| that clipping lets through
 * @param contributions how many bytes there can be between two snapshots
 * @throws RangeError when no such unit exists, as with more than 2³¹ / largestInteger contributions
 */
export function fixedPoint (largestStep: number, contributions: number, noise: Noise): FixedPoint {
  if (!(largestStep > 0 && Number.isFinite(largestStep))) throw new RangeError(`the largest step is ${largestStep}; it must be positive`)
  const largestAmount = Math.floor(LARGEST_INT32 / (contributions * noise.largestInteger))
  if (!(contributions >= 1 && largestAmount >= 1)) throw new RangeError(`${contributions} contributions do not fit into 32 bits; take snapshots more often`)
  let unit = 1
  while (largestStep / unit > largestAmount) unit *= 2
  while (largestStep / (unit / 2) <= largestAmount) unit /= 2
  return { unit, largestAmount: Math.ceil(largestStep / unit) }
}

/** The step in units, rounded half away from zero and clipped, so that opposite steps cancel exactly. */
export function amountOf (step: number, { unit, largestAmount }: FixedPoint): number {
  const rounded = Math.min(largestAmount, Math.floor(Math.abs(step) / unit + 0.5))
  return rounded === 0 ? 0 : Math.sign(step) * rounded
}

/**
 * A ← A − Σ n·z in whole numbers. Addition of integers commutes, so equal sets of contributions give equal bits, in whatever order, however
 * often interrupted, on every machine. A shard of the weights needs an accumulator of its own part only.
 */
export class Accumulator {
  readonly noise: Noise
  /** Index of this part's first value in the whole model. */
  readonly first: number
  readonly integers: Int32Array
  readonly #scratch: Int8Array
  #held = 0

  constructor (size: number, noise: Noise, first = 0) {
    this.noise = noise
    this.first = first
    this.integers = new Int32Array(size)
    this.#scratch = new Int8Array(Math.min(NOISE_CHUNK, Math.max(1, size)))
  }

  /** Σ |n| of everything held: no |A| exceeds this times the noise's largest integer. */
  get held (): number {
    return this.#held
  }

  /**
   * One fused pass: each chunk of A stays in cache while every seed's part of it is regenerated.
   *
   * @throws RangeError, with nothing moved, for amounts that are no integers or could overflow 32 bits
   */
  add (contributions: readonly Contribution[]): void {
    const held = this.#held + weightOf(contributions)
    if (held * this.noise.largestInteger > LARGEST_INT32) throw new RangeError('these contributions could overflow the accumulators; take a snapshot first')
    this.#held = held
    this.#pass(contributions, -1)
  }

  /**
   * Takes back what `add` was given before, exactly.
   *
   * @throws RangeError, with nothing moved, when more would be taken than is held
   */
  remove (contributions: readonly Contribution[]): void {
    const held = this.#held - weightOf(contributions)
    if (held < 0) throw new RangeError('more would be taken back than was ever added')
    this.#held = held
    this.#pass(contributions, 1)
  }

  /** Back to zero. */
  clear (): void {
    this.integers.fill(0)
    this.#held = 0
  }

  #pass (contributions: readonly Contribution[], sign: 1 | -1): void {
    const moving = contributions.filter(({ amount }) => amount !== 0)
    if (moving.length === 0) return
    for (let start = 0; start < this.integers.length; start += this.#scratch.length) {
      const chunk = this.integers.subarray(start, start + this.#scratch.length)
      const noise = this.#scratch.subarray(0, chunk.length)
      for (const { seed, amount } of moving) {
        this.noise.fill(noise, seed, this.first + start)
        accumulate(chunk, noise, sign * amount)
      }
    }
  }
}

function accumulate (sums: Int32Array, integers: Int8Array, amount: number): void {
  for (let index = 0; index < sums.length; index++) {
    sums[index] = (sums[index] as number) + Math.imul(amount, integers[index] as number)
  }
}

function weightOf (contributions: readonly Contribution[]): number {
  let weight = 0
  for (const { amount } of contributions) {
    if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is no whole number of units`)
    weight += Math.abs(amount)
  }
  return weight
}

/**
 * θ = fround(θ₀ + u·A): one exact product, one addition in double and one rounding to float, the same on every machine.
 *
 * @throws RangeError when the base is not as large as the accumulator
 */
export function accumulatedWeights (base: WeightSource, accumulator: Accumulator, unit: number): WeightSource {
  const { integers, noise } = accumulator
  if (base.size !== integers.length) throw new RangeError(`${base.size} weights cannot move by ${integers.length} accumulators`)
  const perInteger = unit / noise.integersPerUnit
  return {
    size: base.size,
    read (first, target) {
      base.read(first, target)
      for (let index = 0; index < target.length; index++) {
        target[index] = (target[index] as number) + perInteger * (integers[first + index] as number)
      }
    }
  }
}
