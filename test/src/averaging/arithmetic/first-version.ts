import type { OuterSpec } from '../../../../src/manifest/schema.ts'

/** The outer step of whole replicas as the first version took it, kept to hold later ones to its bits. */
export class FirstOuterOptimizer {
  readonly slow: Float32Array
  readonly momentum: Float32Array
  readonly #spec: OuterSpec

  constructor (spec: OuterSpec, weights: Float32Array) {
    this.#spec = spec
    this.slow = new Float32Array(weights)
    this.momentum = new Float32Array(spec.kind === 'noloco' ? weights.length : 0)
  }

  /** @param correction mean_g Q(θ) − Q(θ_i); absent for a group of one */
  apply (fast: Float32Array, correction?: Float32Array): void {
    const spec = this.#spec
    for (let index = 0; index < fast.length; index++) {
      const towards = correction?.[index] ?? 0
      if (spec.kind !== 'noloco') {
        fast[index] = fast[index]! + towards
        this.slow[index] = fast[index]!
        continue
      }
      const slowValue = this.slow[index]!
      const moved = spec.momentum * this.momentum[index]! + spec.learningRate * (fast[index]! - slowValue + towards)
      this.momentum[index] = moved
      this.slow[index] = slowValue + moved
      fast[index] = this.slow[index]!
    }
  }
}
