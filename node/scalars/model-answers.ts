import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import type { StepState } from '../../src/spsa/step-states.ts'
import { orAborted } from '../trainer-worker/or-aborted.ts'

/** What a machine tells of its weights, for those who can wait until whoever keeps them has told it. */
export class ModelAnswers {
  readonly #machine: () => ScalarMachine
  readonly #gone = new AbortController()

  constructor (machine: () => ScalarMachine) { this.#machine = machine }

  /** Aborts when nothing more is told, with the reason. */
  get gone (): AbortSignal { return this.#gone.signal }

  /** Training cannot go on: whoever waits hears why. */
  fail (why: Error): void { this.#gone.abort(why) }

  /** @throws the reason why nothing more is told, or why `signal` aborted */
  async weights (signal?: AbortSignal): Promise<Float32Array> {
    return await this.#told(tell => { this.#machine().readWeights(tell) }, signal)
  }

  /** @throws the reason why nothing more is told */
  async state (): Promise<Omit<StepState, 'step'>> {
    return await this.#told(tell => { this.#machine().state(tell) })
  }

  async #told<Told> (ask: (tell: (value: Told) => void) => void, stop?: AbortSignal): Promise<Told> {
    const signal = stop === undefined ? this.gone : AbortSignal.any([stop, this.gone])
    signal.throwIfAborted()
    return await orAborted(new Promise<Told>(ask), signal, () => undefined)
  }
}
