import type { Stream } from '@libp2p/interface'
import type { AttestAnswer, AttestQuestion } from '../../src/transfer/transfer-ports.ts'
import { bytesToWeights } from '../state/messages.ts'
import { converse } from '../wire/conversation.ts'
import { MAXIMUM_OPINIONS, MAXIMUM_OPINION_FRAME_BYTES } from '../wire/limits.ts'
import { rejection } from '../wire/rejection.ts'
import type { Rejection } from '../wire/rejection.ts'
import { decodeRequest, encodeAnswer } from './messages.ts'
import type { OpinionRequest, SignedOffer, SnapshotAnswer } from './messages.ts'

export interface SnapshotsHandlerOptions {
  /** The snapshots that this peer holds; it keeps the one of round `hold` for a while. */
  readonly offers: (hold: number | undefined) => readonly SignedOffer[]
  /** What this peer's own replica of a round has to say; undefined where it holds none. */
  readonly opinion: (question: AttestQuestion, signal: AbortSignal) => Promise<readonly AttestAnswer[] | undefined>
  /** Why this peer gets no answer, or undefined when it does. */
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  readonly signal: AbortSignal
}

/** Tells members which snapshots this peer holds, and what it thinks of theirs. */
export class SnapshotsHandler {
  readonly #options: SnapshotsHandlerOptions
  #opinions = 0

  constructor (options: SnapshotsHandlerOptions) { this.#options = options }

  /** Serves one incoming stream to its end. @throws WireError */
  async serve (stream: Stream, peerId: string): Promise<void> {
    const { signal, refusal, offers } = this.#options
    const opinion = async (request: OpinionRequest): Promise<SnapshotAnswer> => this.#opinion(request)
    await converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, void> {
      const request = decodeRequest(await incoming.next())
      const refused = await refusal(peerId)
      if (refused !== undefined) yield encodeAnswer({ rejection: refused })
      else yield encodeAnswer(request.want === 'offers' ? { offers: [...offers(request.hold)] } : await opinion(request))
    }, { signal, maximumFrameBytes: MAXIMUM_OPINION_FRAME_BYTES })
  }

  async #opinion ({ round, seed, parts }: OpinionRequest): Promise<SnapshotAnswer> {
    if (this.#opinions >= MAXIMUM_OPINIONS) return { rejection: rejection('BUSY', { what: `it is asked for ${MAXIMUM_OPINIONS} opinions already` }) }
    this.#opinions++
    try {
      const question = { round, seed, parts: parts.map(part => ({ ...part, sketch: bytesToWeights(part.sketch) })) }
      const opinions = await this.#options.opinion(question, this.#options.signal)
      if (opinions === undefined) return { rejection: rejection('UNKNOWN', { detail: `the refusing peer holds no snapshot of round ${round}` }) }
      return { opinions: [...opinions] }
    } finally {
      this.#opinions--
    }
  }
}
