import { createMachine } from '../../node/scalars/machine.ts'
import type { MachineParts } from '../../node/scalars/machine.ts'
import type { ScalarOutcome, ScalarRequest, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { modelMemory } from '../../src/spsa/byte-model.ts'
import { methodNoise } from '../../src/spsa/method-noise.ts'
import { ModelWork } from '../../src/spsa/model-worker.ts'
import type { KeptPacks } from '../../src/spsa/pack-keeper.ts'
import { keptPacks } from '../../src/spsa/pack-players.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import { byteModelRules } from '../../src/spsa/scalar-methods.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import type { Conduct } from '../dishonesty/conduct.ts'
import { corruptedMeasurements } from '../dishonesty/scalars.ts'
import { problemLosses } from './problem-losses.ts'
import type { SlopedProblem } from './scalar-problems.ts'
import type { MachineClock } from './virtual-clock.ts'

export interface ScalarTraining extends Omit<MachineParts, 'trainer' | 'worked'> {
  readonly problem: SlopedProblem
  /** Of the peer, whose batches these are. */
  readonly index: number
  readonly clock: MachineClock
  /** Of a scalar, or of a first-order step. */
  readonly stepMs: number
  readonly conduct: Conduct
}

/** The real machine of a run of scalars, over a small problem whose losses take a stated time on the virtual clock. */
export function trainScalars (training: ScalarTraining): { readonly machine: ScalarMachine, readonly stop: () => void } {
  const trainer = new ScalarTrainer(training)
  const machine = createMachine({ ...training, trainer: corruptedMeasurements(trainer, training.conduct), worked: () => undefined })
  return { machine, stop: () => { trainer.stop() } }
}

class ScalarTrainer implements Trainer {
  readonly weights: Float32Array
  readonly scalars: NonNullable<Trainer['scalars']>
  readonly packs: KeptPacks | undefined
  step = 0
  readonly #training: ScalarTraining
  readonly #model: ModelWork | undefined
  #stopWork: (() => void) | undefined

  constructor (training: ScalarTraining) {
    const { method, run, problem, loaded: { snapshot } } = training
    this.#training = training
    this.weights = (snapshot?.weights ?? problem.start).slice()
    this.#model = method.kind === 'one-byte' ? new ModelWork(modelMemory(this.weights), byteModelRules(method, run.steps), run.runId) : undefined
    this.scalars = {
      integers: new Int32Array(this.weights.length),
      measure: (request, done) => { this.#measure(request, done) },
      ...this.#model === undefined ? {} : { model: this.#model }
    }
    this.packs = method.kind === 'one-byte' ? undefined : keptPacks(method, run, { base: heldWeights(this.weights.slice()), integers: this.scalars.integers, trained: this.weights })
  }

  /** First-order steps, of Ferret. */
  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    const { problem, clock, stepMs } = this.#training
    const steps = untilStep - this.step
    this.#work(clock, steps * stepMs, () => {
      const meanLoss = problem.loss(this.weights)
      for (let step = 0; step < steps; step++) problem.descend(this.weights)
      this.step = untilStep
      done({ kind: 'reached', step: untilStep, tokens: steps, meanLoss })
    }, () => { done({ kind: 'stopped', step: this.step }) })
  }

  stop (): void { this.#stopWork?.() }

  /** The weights are read when a forward pass starts; the losses are known when both have ended, or the one that is this peer's of two who share them. */
  #measure (request: ScalarRequest, done: (outcome: ScalarOutcome) => void): void {
    const { problem, index, clock, stepMs, method } = this.#training
    const losses = problemLosses({ problem, weights: this.#theta, noise: methodNoise(method), peer: index }, request)
    this.#work(clock, request.side === undefined ? stepMs : stepMs / 2, () => { done({ kind: 'measured', losses, tokens: 1 }) }, () => { done({ kind: 'stopped', step: request.step }) })
  }

  get #theta (): WeightSource { return (this.packs ?? this.#model as ModelWork).model.weights }

  #work (clock: MachineClock, takesMs: number, finish: () => void, stopped: () => void): void {
    const cancel = clock.schedule(takesMs, () => {
      this.#stopWork = undefined
      finish()
    })
    this.#stopWork = () => {
      this.#stopWork = undefined
      cancel()
      stopped()
    }
  }
}
