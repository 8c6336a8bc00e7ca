import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import { readAll } from '../../src/spsa/weight-source.ts'
import type { PeerOptions, PeerParts } from '../peer/peer-parts.ts'
import type { PeerReporter } from '../peer/peer-reporter.ts'
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

  constructor (options: PeerOptions, parts: PeerParts, reporter: PeerReporter) {
    this.#options = options
    this.#parts = parts
    this.#reporter = reporter
  }

  async checkpoint ({ weights }: Pick<ScalarMachine, 'weights'>, moment: Moment, heldOutLoss: number | undefined): Promise<void> {
    const { runId } = this.#options.source.run
    const path = await writeWeights(this.#parts, { runId, ...moment, weights: readAll(weights), heldOutLoss })
    this.#reporter.checkpoint = path
    this.#options.events.emit({ type: 'checkpoint', step: moment.step, path })
  }

  async evaluate ({ weights }: Pick<ScalarMachine, 'weights'>, when: 'start' | 'round' | 'end', { step, tokens }: Moment, stop?: AbortSignal): Promise<number> {
    const { trainer, network } = this.#parts
    const { payloadSent } = network.meter.totals()
    const { loss } = await trainer.evaluate(readAll(weights), stop)
    this.#options.events.emit({ type: 'evaluated', moment: when, loss, step, tokens, payloadBytesSent: payloadSent })
    return loss
  }
}
