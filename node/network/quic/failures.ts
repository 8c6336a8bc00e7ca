import { reasonOf } from '../../../src/errors.ts'
import { QUIC_FAILURE_PAUSE_MS, QUIC_FAILURES_TOLD, QUIC_HANDSHAKES } from '../constants.ts'

/** Handshakes that failed one after another, in all places where one waits. Strangers' garbage fails like a port that is broken, which the library does not tell apart: neither closes the port, and neither keeps this thread. */
export class HandshakeFailures {
  readonly #warn: (sentence: string) => void
  #inARow = 0

  constructor (warn: (sentence: string) => void) { this.#warn = warn }

  succeeded (): void { this.#inARow = 0 }

  /** @returns for how long to wait before the next handshake, milliseconds */
  failed (error: unknown): number {
    const everywhere = Math.floor(this.#inARow++ / QUIC_HANDSHAKES)
    if (this.#inARow === QUIC_FAILURES_TOLD) {
      this.#warn(`the last ${this.#inARow} handshakes over QUIC failed, this one because ${reasonOf(error)}: strangers send garbage, or the port is broken; tried more slowly until one succeeds`)
    }
    return Math.min(QUIC_FAILURE_PAUSE_MS.most, QUIC_FAILURE_PAUSE_MS.least * 2 ** everywhere)
  }
}
