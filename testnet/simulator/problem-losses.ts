import type { ScalarOutcome, ScalarRequest } from '../../src/ports.ts'
import type { Noise } from '../../src/spsa/noise.ts'
import { perturbed } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import type { ScalarProblem } from './scalar-problems.ts'

export interface Measured {
  readonly problem: ScalarProblem
  readonly weights: WeightSource
  readonly noise: Noise
  /** Whose batches these are, where they are not named. */
  readonly peer: number
  /** What the peer makes of a loss. */
  readonly told?: (loss: number) => number
}

/** What a peer tells of both passes along each direction, or of the one that is its own of two who share them. */
export function problemLosses ({ problem, weights, noise, peer, told = loss => loss }: Measured, { step, epsilon, directions, side, batch }: ScalarRequest): Extract<ScalarOutcome, { kind: 'measured' }>['losses'] {
  return directions.map(({ seed }) => {
    const at = (own: 'above' | 'below', signed: number): number => side !== undefined && side !== own
      ? NaN
      : told(problem.batchLoss(perturbed(weights, noise, seed, signed), batch === undefined ? peer : 0, batch ?? step))
    return { above: at('above', epsilon), below: at('below', -epsilon) }
  })
}
