import type { Stream } from '@libp2p/interface'
import { readBody } from '../wire/body.ts'
import { asWireError, WireError } from '../wire/errors.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { bytesToWeights, decodeAnswer, encodeRequest, type Snapshot, type StateHeader } from './messages.ts'

export interface FetchStateOptions {
  readonly layoutHash: string
  /** The largest body accepted; exactly 4 bytes a parameter when the layout is known. */
  readonly maximumBytes: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks a peer for its weights and checks them: layout, length, hash, and that every value is finite.
 *
 * @throws WireError; `refused` with the peer's sentence when it has none to give
 */
export async function fetchState (stream: Stream, options: FetchStateOptions): Promise<Snapshot> {
  const { layoutHash, maximumBytes, signal } = options
  const io = new StreamIO(stream)
  try {
    await io.writeFrame(encodeRequest({ layoutHash }), { signal })
    await io.end(signal)
    const header = await readHeader(io, layoutHash, signal)
    const weights = bytesToWeights(await readBody(io, header, maximumBytes, { signal }))
    if (!weights.every(Number.isFinite)) throw new WireError('malformed', 'a snapshot holds values that are not finite')
    return { round: header.round, step: header.step, weights, ...header.tokens === undefined ? {} : { tokens: header.tokens } }
  } catch (error) {
    const fault = asWireError(error)
    io.abort(fault)
    throw fault
  }
}

async function readHeader (io: StreamIO, layoutHash: string, signal: AbortSignal | undefined): Promise<StateHeader> {
  const frame = await io.readFrame({ signal })
  if (frame === undefined) throw new WireError('truncated', 'the peer ended without an answer')
  const answer = decodeAnswer(frame)
  if ('rejection' in answer) throw new WireError('refused', answer.rejection.sentence)
  if (answer.layoutHash !== layoutHash) throw new WireError('malformed', 'a snapshot has another layout than the one asked for')
  if (answer.byteLength % 4 !== 0) throw new WireError('malformed', `a snapshot of ${answer.byteLength} bytes is no list of fp32 values`)
  return answer
}
