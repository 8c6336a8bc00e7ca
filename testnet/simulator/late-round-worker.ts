import type { RoundResult, RoundTaskKind, RoundWorker, TaskOf } from '../../src/averaging/round-worker.ts'
import type { Clock } from '../../src/ports.ts'

/** Does the work of rounds in virtual time, one task after the other, as a thread does it beside a peer's own. */
export class LateRoundWorker implements RoundWorker {
  readonly #clock: Clock
  readonly #worker: RoundWorker
  readonly #taskMs: number
  #freeAtMs = 0

  /** @param taskMs that each task takes */
  constructor (clock: Clock, worker: RoundWorker, taskMs: number) {
    this.#clock = clock
    this.#worker = worker
    this.#taskMs = taskMs
  }

  get fragmentLengths (): readonly number[] {
    return this.#worker.fragmentLengths
  }

  ask<Kind extends RoundTaskKind> (task: TaskOf<Kind>, answer: (result: RoundResult<Kind>) => void): void {
    const nowMs = this.#clock.nowMs()
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + this.#taskMs
    this.#clock.schedule(this.#freeAtMs - nowMs, () => { this.#worker.ask(task, answer) })
  }
}
