import type { RoundRecord } from '../ports.ts'
import { UploadController } from './upload-controller.ts'
import type { UploadPromise } from './upload-promise.ts'

export interface UploadKeeperOptions {
  readonly promise: UploadPromise
  /** Bytes that a round sends, before one has. */
  readonly estimate: number
  readonly nowMs: () => number
  /** Everything that has left this peer so far, whatever for. */
  readonly sentBytes: () => number
}

/** Has a peer let rounds pass when its promise about what leaves it could not bear them. */
export class UploadKeeper {
  readonly #options: UploadKeeperOptions
  readonly #controller: UploadController

  constructor (options: UploadKeeperOptions) {
    this.#options = options
    this.#controller = new UploadController(options.promise, [options.estimate])
    this.look()
  }

  /** To be asked when a round is due. @returns why this peer lets it pass, if it does */
  abstains (): string | undefined {
    this.look()
    const decision = this.#controller.decide(this.#options.nowMs())
    return decision.kind === 'rest' ? decision.sentence : undefined
  }

  /** To be called now and then, so that what left is known to have left then. */
  look (): void {
    this.#controller.observe(this.#options.nowMs(), this.#options.sentBytes())
  }

  /** What a round really sent. */
  learn ({ outcome, payloadBytesSent }: Pick<RoundRecord, 'outcome' | 'payloadBytesSent'>): void {
    this.look()
    if (outcome === 'averaged') this.#controller.learn(0, payloadBytesSent)
  }
}
