import type { Stream } from '@libp2p/interface'
import { describeLargeBody, writeBody } from '../wire/body.ts'
import { asWireError } from '../wire/errors.ts'
import { MAXIMUM_SNAPSHOT_UPLOADS, REQUEST_AHEAD_BYTES } from '../wire/limits.ts'
import { rejection, type Rejection } from '../wire/rejection.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { decodeRequest, encodeAnswer, weightsToBytes, type Snapshot } from './messages.ts'

export interface StateHandlerOptions {
  readonly layoutHash: string
  /** A copy that is the handler's own: training goes on under the transfer. */
  readonly snapshot: () => Snapshot | undefined | Promise<Snapshot | undefined>
  /** Why this peer gets no weights, or undefined when it does. */
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  /** Told of a peer that has got the whole of them. */
  readonly onServed?: ((peerId: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Serves this replica's weights to joiners, a few at a time. */
export class StateHandler {
  readonly #options: StateHandlerOptions
  #uploads = 0

  constructor (options: StateHandlerOptions) { this.#options = options }

  /**
   * Serves one incoming stream to its end.
   *
   * @throws WireError
   */
  async serve (stream: Stream, peerId: string): Promise<void> {
    const io = new StreamIO(stream, { readAheadBytes: REQUEST_AHEAD_BYTES })
    try {
      await this.#answer(io, peerId)
      await io.end(this.#options.signal)
    } catch (error) {
      const fault = asWireError(error)
      io.abort(fault)
      throw fault
    }
  }

  async #answer (io: StreamIO, peerId: string): Promise<void> {
    const wait = { signal: this.#options.signal }
    const frame = await io.readFrame(wait)
    if (frame === undefined) return
    // Who has asked takes a place; a stream that stays silent has none.
    this.#uploads++
    try {
      await this.#give(io, peerId, decodeRequest(frame).layoutHash)
    } finally {
      this.#uploads--
    }
  }

  async #give (io: StreamIO, peerId: string, layoutHash: string): Promise<void> {
    const wait = { signal: this.#options.signal }
    const refusal = await this.#refusal(peerId, layoutHash)
    const snapshot = refusal === undefined ? await this.#options.snapshot() : undefined
    if (snapshot === undefined) {
      const answer = refusal ?? rejection('NOT_TRAINING', { what: 'it has no weights to give yet' })
      await io.writeFrame(encodeAnswer({ rejection: answer }), wait)
      return
    }
    const { round, step, weights, tokens } = snapshot
    const body = weightsToBytes(weights)
    await io.writeFrame(encodeAnswer({ round, step, layoutHash, ...tokens === undefined ? {} : { tokens }, ...await describeLargeBody(body) }), wait)
    await writeBody(io, body, wait)
    this.#options.onServed?.(peerId)
  }

  async #refusal (peerId: string, layoutHash: string): Promise<Rejection | undefined> {
    if (this.#uploads > MAXIMUM_SNAPSHOT_UPLOADS) return rejection('BUSY', { what: `it already serves ${MAXIMUM_SNAPSHOT_UPLOADS} snapshots` })
    if (layoutHash !== this.#options.layoutHash) return rejection('WRONG_LAYOUT', { refusing: this.#options.layoutHash, refused: layoutHash })
    return this.#options.refusal(peerId)
  }
}
