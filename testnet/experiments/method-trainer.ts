import { reasonOf } from '../../src/errors.ts'
import type { TrainingOutcome } from '../../src/ports.ts'
import { TimedTrainer } from '../simulator/timed-trainer.ts'
import type { MachineClock } from '../simulator/virtual-clock.ts'
import type { SimulatedTrainer } from '../simulator/virtual-store.ts'
import type { Learner } from './method-learner.ts'

export interface MethodTrainerOptions {
  readonly learner: Learner
  readonly clock: MachineClock
  readonly stepMs: number
  /** Whether the method wants steps in two halves. */
  readonly sharesGradients: boolean
  /** Told of the weights as they are before each stretch. */
  readonly onStretch: (step: number, nowMs: number, weights: Float32Array) => void
}

/** A learner as the simulator's trainer: a step takes a stated time on the virtual clock, and so does the gradient of one. */
export function methodTrainer (options: MethodTrainerOptions): SimulatedTrainer {
  const { learner, clock, stepMs, sharesGradients, onStretch } = options
  const timed = new TimedTrainer(learner, clock, stepMs)
  const look = (): void => { onStretch(learner.step, clock.nowMs(), learner.weights) }
  let stopComputing: (() => void) | undefined
  const compute = (done: (outcome: TrainingOutcome) => void): void => {
    look()
    const cancel = clock.schedule(stepMs, async () => {
      const outcome = await gradientOf(learner)
      stopComputing = undefined
      done(outcome)
    })
    stopComputing = () => {
      stopComputing = undefined
      cancel()
      done({ kind: 'stopped', step: learner.step })
    }
  }
  return {
    weights: learner.weights,
    moments: learner.moments?.bind(learner),
    get step () { return learner.step },
    train: (untilStep, done) => {
      look()
      timed.train(untilStep, done)
    },
    stop: () => {
      if (stopComputing === undefined) timed.stop()
      else stopComputing()
    },
    gradients: sharesGradients ? { gradient: learner.gradient, compute, finishStep: ({ descend }, finished) => { learner.finishStep(descend); finished?.() } } : undefined
  }
}

async function gradientOf (learner: Learner): Promise<TrainingOutcome> {
  try {
    return { kind: 'reached', step: learner.step + 1, ...await learner.computeGradient() }
  } catch (thrown) {
    return { kind: 'failed', reason: reasonOf(thrown) }
  }
}
