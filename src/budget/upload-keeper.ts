import type { RoundRecord } from '../ports.ts'
import { UploadController } from './upload-controller.ts'
import type { Rung, UploadDecision } from './upload-controller.ts'
import type { UploadPromise } from './upload-promise.ts'

export interface UploadKeeperOptions {
  readonly promise: UploadPromise
  /** Codecs of the method's ladder, finest first. */
  readonly ladder: readonly Rung[]
  readonly nowMs: () => number
  /** Everything that has left this peer so far, whatever for. */
  readonly sentBytes: () => number
}

/** Has a peer lower its bits, and then let rounds pass, when its promise about what leaves it could not bear them. */
export class UploadKeeper {
  readonly #options: UploadKeeperOptions
  readonly #controller: UploadController
  /** On which the last round was sent. */
  #level = 0

  constructor (options: UploadKeeperOptions) {
    this.#options = options
    this.#controller = new UploadController(options.promise, options.ladder)
    this.look()
  }

  /** To be asked when a round is due. A peer that takes part says how only where that changes. */
  decide (round: number): UploadDecision {
    this.look()
    const decision = this.#controller.decide(this.#options.nowMs(), round)
    if (decision.kind === 'rest') return decision
    const { level } = decision
    const sentence = level === this.#level ? undefined : decision.sentence ?? `sends as ${this.#options.ladder[0]?.spec ?? ''} again: the promise bears it`
    this.#level = level
    return sentence === undefined ? { kind: 'send', level } : { kind: 'send', level, sentence }
  }

  /** To be called now and then, so that what left is known to have left then. */
  look (): void {
    this.#controller.observe(this.#options.nowMs(), this.#options.sentBytes())
  }

  /** What a round really sent. */
  learn ({ outcome, payloadBytesSent }: Pick<RoundRecord, 'outcome' | 'payloadBytesSent'>): void {
    this.look()
    if (outcome === 'averaged') this.#controller.learn(this.#level, payloadBytesSent)
  }
}
