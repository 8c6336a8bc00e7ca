import type { ScalarOutcome, ScalarRequest } from '../ports.ts'
import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { momentumShares } from './momentum.ts'
import type { Noise, Seed } from './noise.ts'
import type { Schedule } from './schedules.ts'
import { seedOfStep } from './seeds.ts'
import type { WeightSource } from './weight-source.ts'

export interface DescentRules {
  /** Names the directions. */
  readonly runId: string
  readonly steps: number
  /** On all weights, or on a part of them (`sparseNoise`, `blockNoise`). */
  readonly noise: Noise
  /** Directions that a step averages over. */
  readonly directions: number
  /** The projected gradient, or one bit of it (FeedSign, Cai et al., arXiv 2501.17610). */
  readonly form: 'value' | 'sign'
  /** Steps among which a direction's move is spread by `momentumShares`; without momentum when left out. */
  readonly momentum?: { readonly beta: number, readonly steps: number } | undefined
  readonly epsilon: Schedule
  readonly learningRate: Schedule
  readonly largestLearningRate: number
  /** Scalars beyond count as this one. */
  readonly largestScalar: number
}

/**
 * Zeroth-order descent on one machine with whatever the scalar lane offers: θ ← θ − η/n Σ ĝ_k z_k. Its weights are θ₀ and whole numbers, as in a
 * swarm, so that a run of one peer is a swarm of one.
 */
export class ScalarDescent {
  readonly weights: WeightSource
  readonly #rules: DescentRules
  readonly #measure: (request: ScalarRequest, done: (outcome: ScalarOutcome) => void) => void
  readonly #fixedPoint: FixedPoint
  readonly #accumulator: Accumulator
  readonly #shares: readonly number[]
  /** Of the last steps, the newest first: what each direction moves in all. */
  #recent: Array<ReadonlyArray<{ readonly seed: Seed, readonly move: number }>> = []
  #step = 0

  /** @throws RangeError when so many moves do not fit into 32 bits */
  constructor (base: WeightSource, rules: DescentRules, measure: (request: ScalarRequest, done: (outcome: ScalarOutcome) => void) => void, integers = new Int32Array(base.size)) {
    this.#rules = rules
    this.#measure = measure
    this.#shares = rules.momentum === undefined ? [1] : momentumShares(rules.momentum.beta, rules.momentum.steps)
    const moves = rules.steps * rules.directions * this.#shares.length
    this.#fixedPoint = fixedPoint(rules.largestLearningRate * rules.largestScalar / rules.directions, moves, rules.noise)
    this.#accumulator = new Accumulator(integers, rules.noise)
    this.weights = accumulatedWeights(base, this.#accumulator, this.#fixedPoint.unit)
  }

  get step (): number {
    return this.#step
  }

  /** Takes one step and calls `done` with its mean loss; NaN where nothing could be measured, and then nothing but momentum moves. */
  takeStep (done: (loss: number) => void): void {
    const { runId, directions, epsilon } = this.#rules
    const size = epsilon(this.#step)
    const seeds = Array.from({ length: directions }, (_, index) => seedOfStep(runId, this.#step, `${index}`))
    this.#measure({ step: this.#step, epsilon: size, directions: seeds.map(seed => ({ seed })) }, outcome => {
      const losses = outcome.kind === 'measured' ? outcome.losses : []
      this.#move(losses.map(({ above, below }, index) => ({ seed: seeds[index] ?? [0, 0], move: this.#moveOf((above - below) / (2 * size)) })))
      done(losses.reduce((sum, { above, below }) => sum + (above + below) / 2, 0) / losses.length)
    })
  }

  #moveOf (scalar: number): number {
    const { form, learningRate, directions, largestScalar } = this.#rules
    if (!Number.isFinite(scalar)) return 0
    const told = form === 'sign' ? Math.sign(scalar) : Math.max(-largestScalar, Math.min(largestScalar, scalar))
    return learningRate(this.#step) * told / directions
  }

  #move (moves: ReadonlyArray<{ readonly seed: Seed, readonly move: number }>): void {
    this.#recent = [moves, ...this.#recent].slice(0, this.#shares.length)
    this.#step++
    this.#accumulator.add(this.#recent.flatMap((step, age) => step.map(({ seed, move }): Contribution =>
      ({ seed, amount: amountOf(move * (this.#shares[age] ?? 0), this.#fixedPoint) }))))
  }
}
