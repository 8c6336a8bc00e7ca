import type { BatchSampler } from '../../src/data/batch.ts'
import type { TrainingOutcome } from '../../src/ports.ts'
import type { Replica } from '../../src/training/replica.ts'
import type { Answers, WorkerInput } from './messages.ts'
import type { Meter } from './session.ts'
import { createThrottle } from './throttle.ts'

/** Steps in two halves: between them others hear of the gradient, and it becomes what the group makes of it. */
export interface GradientSteps {
  /** The next step's gradient into the shared memory. */
  compute (): Promise<Answers['compute']>
  /** Takes the step with what lies in the shared memory, or counts it. @throws RangeError for a gradient that is not finite */
  finish (descend: boolean): Promise<Answers['finish']>
}

export interface GradientParts {
  readonly replica: Replica
  readonly sample: BatchSampler
  readonly meter: Meter
}

export function createGradientSteps (input: WorkerInput, { replica, sample, meter }: GradientParts): GradientSteps {
  const { sharedGradient, sharedWeights, stopFlag } = input
  let [workedMs, loss] = [0, NaN]
  // The others wait for this peer's gradient and not for what it does with the mean: after that it rests for both halves.
  const throttle = createThrottle(input.compute.throttle, stopFlag, input.leastStepMs)
  const rest = (): void => { throttle({ begin: () => undefined, elapsedMs: () => workedMs, end: () => undefined }) }

  return {
    async compute () {
      const batch = sample(replica.step)
      meter.begin()
      const computed = await replica.readGradient(batch, sharedGradient)
      workedMs = meter.elapsedMs()
      const secondsTraining = meter.end()
      if (computed.kind === 'skipped') return { outcome: { kind: 'failed', reason: computed.reason }, secondsTraining }
      loss = computed.loss
      const isStopped = Atomics.load(stopFlag, 0) !== 0
      const outcome: TrainingOutcome = isStopped ? { kind: 'stopped', step: replica.step } : { kind: 'reached', step: replica.step + 1, tokens: batch.targets.length, meanLoss: loss }
      return { outcome, secondsTraining }
    },
    async finish (descend) {
      meter.begin()
      if (descend) {
        const outcome = await replica.descend(sharedGradient)
        if (outcome.kind === 'skipped') throw new RangeError(outcome.reason)
        await replica.readWeights(sharedWeights)
      } else {
        replica.countStep()
      }
      meter.count(replica.step, loss)
      workedMs += meter.elapsedMs()
      meter.end()
      rest()
      return replica.step
    }
  }
}
