import { reasonOf } from '../../src/errors.ts'
import type { Clock, Trainer, TrainingOutcome } from '../../src/ports.ts'
import type { Callback } from './virtual-clock.ts'

/** Training that takes real time; the simulator knows only what it says of its end. */
export interface RealTraining {
  readonly weights: Float32Array
  readonly step: number
  /** Takes inner steps until `untilStep`; rejects when it cannot. */
  train (untilStep: number): Promise<{ readonly tokens: number, readonly meanLoss: number }>
}

/** A clock that waits for the work of its callbacks, as the simulator's do. */
export interface WaitingClock extends Clock {
  schedule (delayMs: number, callback: Callback): () => void
}

/** How long the steps from one to another take, in milliseconds. */
export type Pace = (fromStep: number, untilStep: number) => number

interface Stretch {
  readonly untilStep: number
  readonly startedMs: number
  readonly done: (outcome: TrainingOutcome) => void
  readonly cancel: () => void
}

/**
 * Real training in virtual time: a step takes a stated time on the virtual clock, whatever it takes on this machine's. The steps of a stretch are taken at
 * its end, where the clock waits for them, so that a run is the same however fast the machine is.
 */
export class TimedTrainer implements Trainer {
  readonly #training: RealTraining
  readonly #clock: WaitingClock
  readonly #pace: Pace
  #stretch: Stretch | undefined

  /** @param pace of its steps; of a number, of each */
  constructor (training: RealTraining, clock: WaitingClock, pace: number | Pace) {
    this.#training = training
    this.#clock = clock
    this.#pace = typeof pace === 'number' ? (fromStep, untilStep) => (untilStep - fromStep) * pace : pace
  }

  get weights (): Float32Array { return this.#training.weights }
  get step (): number { return this.#training.step }

  /** @throws RangeError while a stretch is under way */
  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    if (this.#stretch !== undefined) throw new RangeError('a stretch of training is already under way')
    const cancel = this.#clock.schedule(this.#pace(this.step, untilStep), async () => this.#finish('reached'))
    this.#stretch = { untilStep, startedMs: this.#clock.nowMs(), done, cancel }
  }

  stop (): void {
    const stretch = this.#stretch
    if (stretch === undefined) return
    const elapsedMs = this.#clock.nowMs() - stretch.startedMs
    let untilStep = this.step
    while (untilStep < stretch.untilStep && this.#pace(this.step, untilStep) <= elapsedMs) untilStep++
    stretch.cancel()
    const cancel = this.#clock.schedule(this.#pace(this.step, untilStep) - elapsedMs, async () => this.#finish('stopped'))
    this.#stretch = { ...stretch, untilStep, cancel }
  }

  async #finish (kind: 'reached' | 'stopped'): Promise<void> {
    const stretch = this.#stretch
    if (stretch === undefined) return
    const outcome = await this.#take(stretch.untilStep, kind)
    this.#stretch = undefined
    stretch.done(outcome)
  }

  async #take (untilStep: number, kind: 'reached' | 'stopped'): Promise<TrainingOutcome> {
    try {
      const told = await this.#training.train(untilStep)
      return kind === 'stopped' ? { kind, step: this.step } : { kind, step: this.step, ...told }
    } catch (thrown) {
      return { kind: 'failed', reason: reasonOf(thrown) }
    }
  }
}
