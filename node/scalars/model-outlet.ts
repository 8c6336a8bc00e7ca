import type { PeerOptions, PeerParts } from '../peer/peer-parts.ts'
import type { PeerReporter } from '../peer/peer-reporter.ts'
import type { ModelAnswers } from './model-answers.ts'
import { writeWeights } from './weights-checkpoint.ts'

/** How far a peer is. */
export interface Moment {
  readonly step: number
  readonly round: number
  readonly tokens: number
}

/** What a peer's weights are wanted for besides measuring: to be judged, and to be kept for `shoal sample`, `eval` and `export`. It goes on from its ledger alone. */
export class ModelOutlet {
  readonly #options: PeerOptions
  readonly #parts: PeerParts
  readonly #reporter: PeerReporter
  readonly #answers: ModelAnswers

  constructor (options: PeerOptions, parts: PeerParts, reporter: PeerReporter, answers: ModelAnswers) {
    this.#options = options
    this.#parts = parts
    this.#reporter = reporter
    this.#answers = answers
  }

  async checkpoint (moment: Moment, heldOutLoss: number | undefined): Promise<void> {
    const { runId } = this.#options.source.run
    const path = await writeWeights(this.#parts, { runId, ...moment, weights: await this.#answers.weights(), heldOutLoss })
    this.#reporter.checkpoint = path
    this.#options.events.emit({ type: 'checkpoint', step: moment.step, path })
  }

  async evaluate (when: 'start' | 'round' | 'end', { step, tokens }: Moment, stop?: AbortSignal): Promise<number> {
    const { trainer, network } = this.#parts
    const { payloadSent } = network.meter.totals()
    const { loss } = await trainer.evaluate(await this.#answers.weights(stop), stop)
    this.#options.events.emit({ type: 'evaluated', moment: when, loss, step, tokens, payloadBytesSent: payloadSent })
    return loss
  }
}
