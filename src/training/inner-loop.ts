import type { BatchSampler } from '../data/batch.ts'
import type { Replica } from './replica.ts'

export type TrainingEvent =
  /** A step was taken; `step` counts it. */
  | { readonly kind: 'step', readonly step: number, readonly loss: number, readonly gradientNorm: number, readonly learningRate: number, readonly tokens: number }
  /** A step could not be taken; weights and moments are as before it. */
  | { readonly kind: 'failed', readonly step: number, readonly reason: string }

export interface InnerLoop {
  readonly replica: Replica
  readonly sample: BatchSampler
  /** The loop ends when the replica has taken this many steps. */
  readonly untilStep: number
  /** Asked before each step. */
  readonly shouldStop?: () => boolean
}

/** Takes inner steps until the last, the request to stop, or a failure, and tells of each. */
export async function * innerLoop ({ replica, sample, untilStep, shouldStop = () => false }: InnerLoop): AsyncGenerator<TrainingEvent> {
  while (replica.step < untilStep && !shouldStop()) {
    const batch = sample(replica.step, replica.rows)
    const outcome = await replica.takeStep(batch)
    if (outcome.kind === 'skipped') {
      yield { kind: 'failed', step: replica.step, reason: outcome.reason }
      return
    }
    const { loss, gradientNorm, learningRate } = outcome
    yield { kind: 'step', step: replica.step, loss, gradientNorm, learningRate, tokens: batch.targets.length }
  }
}
