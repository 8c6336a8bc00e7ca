import type { ModelResult, ModelTaskKind, ModelTaskOf, ModelWorker } from '../../src/spsa/model-worker.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Somebody who keeps weights and takes his time, in virtual time: one thing after the other, each answered when it is done. */
export class ModelTurns implements ModelWorker {
  readonly #work: ModelWorker
  readonly #clock: VirtualClock
  readonly #taskMs: number
  #freeAtMs = 0

  /** @param taskMs of each thing; 0 for at once */
  constructor (work: ModelWorker, clock: VirtualClock, taskMs: number) {
    this.#work = work
    this.#clock = clock
    this.#taskMs = taskMs
  }

  ask<Kind extends ModelTaskKind> (task: ModelTaskOf<Kind>, answer: (result: ModelResult<Kind>) => void): void {
    this.take(() => { this.#work.ask(task, answer) })
  }

  /** Does something behind all that was asked before. */
  take (errand: () => void): void {
    if (this.#taskMs === 0) {
      errand()
      return
    }
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.nowMs()) + this.#taskMs
    this.#clock.schedule(this.#freeAtMs - this.#clock.nowMs(), errand)
  }
}
