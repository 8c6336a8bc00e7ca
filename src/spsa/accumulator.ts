import { addScaled } from './scaled-sum.ts'
import type { WeightSource } from './weight-source.ts'
import type { Contribution, Noise } from './noise.ts'

export type { Contribution } from './noise.ts'

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
  #held = 0

  /** @param integers zeros, one a weight, in whatever memory: a trainer may read them elsewhere */
  constructor (integers: Int32Array, noise: Noise, first = 0) {
    this.noise = noise
    this.first = first
    this.integers = integers
  }

  /** The same sums in memory of their own. */
  copy (): Accumulator {
    const copy = new Accumulator(this.integers.slice(), this.noise, this.first)
    copy.#held = this.#held
    return copy
  }

  /** Σ |n| of everything held: no |A| exceeds this times the noise's largest integer. */
  get held (): number {
    return this.#held
  }

  /**
   * One fused pass: each chunk of A stays in cache while every seed's part of it is regenerated.
   *
   * @param block the part that moves, by its place in this accumulator; everything when left out
   * @throws RangeError, with nothing moved, for amounts that are no integers or could overflow 32 bits
   */
  add (contributions: readonly Contribution[], block?: { readonly first: number, readonly size: number }): void {
    const held = this.#held + weightOf(contributions)
    if (held * this.noise.largestInteger > LARGEST_INT32) throw new RangeError('these contributions could overflow the accumulators; take a snapshot first')
    this.#held = held
    this.#pass(contributions, block)
  }

  /**
   * Takes back, exactly, what `add` was given before, and adds in the same pass: a direction that is in both is made once.
   *
   * @throws RangeError, with nothing moved, as `add`, and when more would be taken than is held
   */
  exchange (taken: readonly Contribution[], given: readonly Contribution[] = []): void {
    const left = this.#held - weightOf(taken)
    if (left < 0) throw new RangeError('more would be taken back than was ever added')
    const held = left + weightOf(given)
    if (held * this.noise.largestInteger > LARGEST_INT32) throw new RangeError('these contributions could overflow the accumulators; take a snapshot first')
    this.#held = held
    this.#pass(perDirection([...negated(taken), ...given]))
  }

  /** Back to zero. */
  clear (): void {
    this.integers.fill(0)
    this.#held = 0
  }

  #pass (contributions: readonly Contribution[], { first, size } = { first: 0, size: this.integers.length }): void {
    const moving = contributions.filter(({ amount }) => amount !== 0)
    if (moving.length > 0) this.noise.accumulate(this.integers.subarray(first, first + size), moving, this.first + first)
  }
}

export function negated (contributions: readonly Contribution[]): Contribution[] {
  return contributions.map(({ seed, amount }) => ({ seed, amount: -amount }))
}

/** One amount a direction: making it is what costs. */
export function perDirection (contributions: readonly Contribution[]): Contribution[] {
  const bySeed = new Map<string, Contribution>()
  for (const { seed, amount } of contributions) {
    const name = `${seed[0]} ${seed[1]}`
    bySeed.set(name, { seed, amount: amount + (bySeed.get(name)?.amount ?? 0) })
  }
  return [...bySeed.values()].filter(({ amount }) => amount !== 0)
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
  return movedWeights(base, accumulator.integers, unit / accumulator.noise.integersPerUnit)
}

/** θ = fround(θ₀ + perInteger·A) of accumulators in whatever memory. @throws RangeError when there is not one a weight */
export function movedWeights (base: WeightSource, integers: Int32Array, perInteger: number): WeightSource {
  if (base.size !== integers.length) throw new RangeError(`${base.size} weights cannot move by ${integers.length} accumulators`)
  return {
    size: base.size,
    read (first, target) {
      base.read(first, target)
      addScaled(target, integers.subarray(first, first + target.length), perInteger)
    }
  }
}
