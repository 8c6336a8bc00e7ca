import { sharesOf } from '../../src/averaging/arithmetic/method-traits.ts'
import { isScalarPreset } from '../../src/spsa/scalar-methods.ts'
import { estimate } from '../report/statistics.ts'
import { namedPeers } from '../scenarios/names.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import { methodOfScenario } from '../scenarios/plan.ts'
import type { Learning } from './play-scenario.ts'
import { optimumOf, QUADRATIC_RATE } from './simulated-peer.ts'
import { TimedTrainer } from './timed-trainer.ts'
import type { RealTraining } from './timed-trainer.ts'
import type { TrainingTrace } from './training-trace.ts'
import { unplayable } from './unplayable.ts'
import type { TrainingStart } from './virtual-store.ts'

/**
 * Steps that take as long as recorded ones did, and tell their losses: peers take turns at the recordings. What moves meanwhile are the weights of a quadratic without noise, so
 * that there is something to average; averaging does not change what is told.
 *
 * @throws ShoalError USAGE for more steps than were recorded, and for methods of scalars and of gradients, whose steps no recording has
 */
export function replayedLearning (file: ScenarioFile, traces: readonly TrainingTrace[]): Learning {
  const what = `${file.name} cannot be played with replayed training`
  if (isScalarPreset(file.run.method) || sharesOf(methodOfScenario(file)) === 'gradients') throw unplayable(what, `its method is ${file.run.method}, and recordings have the steps of methods that train between rounds`)
  if (file.peers.some(({ lane }) => lane === 'scalars')) throw unplayable(what, 'its scalar peers measure on a quadratic alone')
  const used = traces.slice(0, namedPeers(file).length)
  const short = used.find(({ steps }) => steps < file.run.steps)
  if (short !== undefined) throw unplayable(what, `${short.name} recorded ${short.steps} steps, and the scenario takes ${file.run.steps}`)
  return {
    kind: 'replayed',
    prepare: (_file, scenario) => {
      const startWeights = new Float32Array(scenario.parameters)
      const trainerOf: NonNullable<typeof scenario.trainerOf> = (index, clock, from) => {
        const trace = used[index % used.length] as TrainingTrace
        const training = new ReplayedTraining(trace, optimumOf(scenario, index), from ?? { step: 0, weights: startWeights })
        return new TimedTrainer(training, clock, (fromStep, untilStep) => trace.between(fromStep, untilStep).durationMs)
      }
      const told = { start: estimate(used.map(({ firstLoss }) => firstLoss)).mean, end: estimate(used.map(trace => trace.between(file.run.steps - 1, file.run.steps).meanLoss)).mean }
      return { scenario: { ...scenario, trainerOf }, startWeights, judge: weights => weights === startWeights ? told.start : told.end, dispose: () => undefined }
    }
  }
}

/** θ goes towards the peer's own optimum as gradient descent would take it; what is told of it is a recording's. */
class ReplayedTraining implements RealTraining {
  readonly weights: Float32Array
  readonly #trace: TrainingTrace
  readonly #optimum: Float32Array
  #step: number

  constructor (trace: TrainingTrace, optimum: Float32Array, { step, weights }: TrainingStart) {
    this.weights = weights.slice()
    this.#trace = trace
    this.#optimum = optimum
    this.#step = step
  }

  get step (): number { return this.#step }

  async train (untilStep: number): Promise<{ readonly tokens: number, readonly meanLoss: number }> {
    const { tokens, meanLoss } = this.#trace.between(this.#step, untilStep)
    const kept = (1 - QUADRATIC_RATE) ** (untilStep - this.#step)
    for (const [index, optimum] of this.#optimum.entries()) this.weights[index] = optimum + kept * ((this.weights[index] as number) - optimum)
    this.#step = untilStep
    return Promise.resolve({ tokens, meanLoss })
  }
}
