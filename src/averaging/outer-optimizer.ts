import { ShoalError } from '../errors.ts'
import type { OuterSpec } from '../manifest/schema.ts'

/** What a checkpoint keeps of the outer optimizer. */
export interface OuterState {
  /** Slow weights φ. */
  readonly slow: Float32Array
  /** Momentum m; empty for methods without. */
  readonly momentum: Float32Array
}

/**
 * One replica's outer optimizer: slow weights φ, momentum m, and the step that joins them with what a group decoded.
 *
 * The mean-exact form (algorithms.md, "Quantized, keep the mean exact") subtracts what this peer's own contribution decodes to, so a
 * lossy codec Q adds nothing over a group: the terms mean_g Q(θ) − Q(θ_i) of its members cancel. With the weights w_j of a token-weighted
 * mean it is their w-weighted sum that cancels: the token-weighted mean of the replicas is kept exactly, the plain one moves towards whoever saw more.
 */
export class OuterOptimizer {
  readonly slow: Float32Array
  readonly momentum: Float32Array
  readonly #spec: OuterSpec

  /**
   * Starts from weights that φ and θ share, or from a checkpoint.
   *
   * @throws ShoalError CHECKPOINT_INCOMPATIBLE when `state` belongs to another layout or method
   */
  constructor (spec: OuterSpec, weights: Float32Array, state?: OuterState) {
    this.#spec = spec
    this.slow = new Float32Array(weights)
    this.momentum = new Float32Array(spec.kind === 'noloco' ? weights.length : 0)
    if (state !== undefined) this.#restore(state)
  }

  /** Forgets the past: φ ← weights, m ← 0. */
  reset (weights: Float32Array): void {
    this.slow.set(weights)
    this.momentum.fill(0)
  }

  /**
   * One outer step, in place: moves m and φ, then sets θ ← φ.
   *
   * - `noloco`: m ← μ m + η [(θ_i − φ_i) + (mean_g Q(θ) − Q(θ_i))] ; φ ← φ + m (NoLoCo, arXiv 2506.10911, with γ = η)
   * - `average`: φ ← θ_i + (mean_g Q(θ) − Q(θ_i)) (FedAvg, McMahan 2017)
   *
   * @param fast θ_i, as long as φ
   * @param correction mean_g Q(θ) − Q(θ_i); absent for a group of one, where it is zero
   */
  apply (fast: Float32Array, correction?: Float32Array): void {
    if (this.#spec.kind === 'noloco') this.#modifiedNesterov(fast, correction, this.#spec.learningRate, this.#spec.momentum)
    else if (correction !== undefined) add(fast, correction)
    if (this.#spec.kind === 'average') this.slow.set(fast)
    else fast.set(this.slow)
  }

  /** Copies, so that a checkpoint can be written while training goes on. */
  exportState (): OuterState {
    return { slow: this.slow.slice(), momentum: this.momentum.slice() }
  }

  #modifiedNesterov (fast: Float32Array, correction: Float32Array | undefined, learningRate: number, decay: number): void {
    const { slow, momentum } = this
    for (let index = 0; index < slow.length; index++) {
      const slowValue = slow[index] as number
      const towardsGroup = (fast[index] as number) - slowValue + (correction === undefined ? 0 : correction[index] as number)
      const moved = decay * (momentum[index] as number) + learningRate * towardsGroup
      momentum[index] = moved
      slow[index] = slowValue + moved
    }
  }

  #restore ({ slow, momentum }: OuterState): void {
    if (slow.length !== this.slow.length || momentum.length !== this.momentum.length) {
      throw new ShoalError({
        code: 'CHECKPOINT_INCOMPATIBLE',
        what: 'The checkpoint does not fit this run',
        why: `it holds ${slow.length} slow weights and ${momentum.length} of momentum, the run has ${this.slow.length} and ${this.momentum.length}`,
        tryThis: 'Resume with the manifest that the checkpoint was made with, or start in a fresh data directory.'
      })
    }
    this.slow.set(slow)
    this.momentum.set(momentum)
  }
}

function add (vector: Float32Array, other: Float32Array): void {
  for (let index = 0; index < vector.length; index++) vector[index] = (vector[index] as number) + (other[index] as number)
}
