import type { RoundRecord } from '../../src/ports.ts'

/** Who watches a simulated swarm from outside and collects every broken promise. */
export interface Referee {
  readonly violations: readonly string[]
  /** Rounds that some members averaged with one that, in doubt, did not. */
  readonly oneSided: number
  /** A peer begins, or begins again, after `round`. */
  joined (id: string, weights: Float32Array, round?: number): void
  /** A stretch of training has ended: nothing but a round may move these weights until the next begins. */
  reached (id: string, weights: Float32Array, tokens: number): void
  /** Training was stopped. */
  paused (id: string, weights: Float32Array): void
  /** Training begins again. */
  resumed (id: string, weights: Float32Array): void
  committed (id: string, record: RoundRecord, inDoubt: boolean, weights: Float32Array): void
}
