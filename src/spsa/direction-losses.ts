import type { Batch } from '../data/batch.ts'
import type { Model } from '../models/model.ts'
import type { ScalarRequest } from '../ports.ts'
import type { Noise } from './noise.ts'
import { blockValues, streamedLoss } from './streamed-loss.ts'
import { perturbed } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

export interface Measuring {
  readonly model: Model
  /** θ; stays as it is until the losses are there. */
  readonly weights: WeightSource
  /** The model that weights make: themselves when left out, or what adapters add to a base. */
  readonly lift?: ((weights: WeightSource) => WeightSource) | undefined
  readonly noise: Noise
  readonly batch: Batch
  /** The largest block of a matrix; what keeps the scratch below a tenth of the weights when left out. */
  readonly valuesAtOnce?: number | undefined
  /** Asked before each pass. */
  readonly shouldStop?: () => boolean
}

/** Losses at θ + ε·z and θ − ε·z. */
export interface DirectionLosses {
  readonly above: number
  readonly below: number
}

/**
 * Runs the passes of a request one after the other, all on one batch from one untouched θ (MeZO, Malladi et al. 2023, algorithm 1, without its
 * changes in place). A loss may be no number: the caller abstains then.
 *
 * @returns undefined when it was stopped
 */
export async function directionLosses ({ model, weights, lift = held => held, noise, batch, valuesAtOnce = blockValues(model), shouldStop = () => false }: Measuring, request: ScalarRequest): Promise<DirectionLosses[] | undefined> {
  const losses: DirectionLosses[] = []
  for (const { seed } of request.directions) {
    const at = async (side: 'above' | 'below', epsilon: number): Promise<number> =>
      (request.side ?? side) === side && !shouldStop() ? await streamedLoss(model, lift(perturbed(weights, noise, seed, epsilon)), batch, valuesAtOnce) : NaN
    losses.push({ above: await at('above', request.epsilon), below: await at('below', -request.epsilon) })
    if (shouldStop()) return undefined
  }
  return losses
}

/** Of all passes that were run. */
export function meanLoss (losses: readonly DirectionLosses[], side: ScalarRequest['side']): number {
  const lossOf = (one: DirectionLosses): number => side === undefined ? (one.above + one.below) / 2 : one[side]
  return losses.reduce((sum, one) => sum + lossOf(one), 0) / losses.length
}
