import type { ScalarOutcome, Trainer } from '../../src/ports.ts'
import type { Conduct } from './conduct.ts'

/** A liar turns its measurement round and magnifies it. */
export const EXAGGERATION = -1e6

/** The trainer of a peer in a run of scalars that may not tell what it measured, or not train towards what its data says. */
export function corruptedMeasurements (trainer: Trainer, conduct: Conduct): Trainer {
  const { scalars, weights } = trainer
  const told = (outcome: ScalarOutcome): ScalarOutcome => outcome.kind !== 'measured' ? outcome : { ...outcome, losses: outcome.losses.map(({ above, below }) => ({ above: toldLoss(above, conduct), below: toldLoss(below, conduct) })) }
  return {
    weights,
    get step () { return trainer.step },
    packs: trainer.packs,
    scalars: scalars === undefined ? undefined : { ...scalars, measure: (request, done) => { scalars.measure(request, outcome => { done(told(outcome)) }) } },
    stop: () => { trainer.stop() },
    train: (untilStep, done) => {
      const before = weights.slice()
      trainer.train(untilStep, outcome => {
        if (outcome.kind === 'reached' && conduct.attack !== undefined) before.forEach((start, index) => { weights[index] = conduct.attack === 'nan' ? NaN : 2 * start - (weights[index] as number) })
        done(outcome)
      })
    }
  }
}

/** What reaches the others of a run of scalars. */
export function corruptedSending<Words extends unknown[]> (send: (...words: Words) => void, conduct: Conduct): (...words: Words) => void {
  return (...words) => { if (conduct.attack !== 'silent') send(...words) }
}

function toldLoss (loss: number, { attack }: Conduct): number {
  if (attack === undefined || attack === 'silent') return loss
  return attack === 'nan' ? NaN : EXAGGERATION * loss
}
