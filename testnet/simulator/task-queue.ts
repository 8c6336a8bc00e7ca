import type { RoundWorker } from '../../src/averaging/round-worker.ts'
import type { Clock } from '../../src/ports.ts'

/** Somebody who does one thing after the other and takes his time, in virtual time, as a thread does beside a peer's own. */
export class TaskQueue {
  readonly #clock: Clock
  readonly #taskMs: number
  #freeAtMs = 0

  /** @param taskMs that each thing takes; 0 for at once */
  constructor (clock: Clock, taskMs: number) {
    this.#clock = clock
    this.#taskMs = taskMs
  }

  /** Does something behind all that was asked before. */
  take (errand: () => void): void {
    if (this.#taskMs === 0) {
      errand()
      return
    }
    const nowMs = this.#clock.nowMs()
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + this.#taskMs
    this.#clock.schedule(this.#freeAtMs - nowMs, errand)
  }
}

/** Does the work of rounds when a queue comes to it. */
export function queued (worker: RoundWorker, queue: TaskQueue): RoundWorker {
  return {
    fragmentLengths: worker.fragmentLengths,
    ask: (task, answer) => { queue.take(() => { worker.ask(task, answer) }) }
  }
}
