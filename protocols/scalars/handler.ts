import type { Stream } from '@libp2p/interface'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'
import { asWireError, WireError } from '../wire/errors.ts'
import { MAXIMUM_CONTROL_FRAME_BYTES, SILENCE_TIMEOUT_MS } from '../wire/limits.ts'
import type { Rejection } from '../wire/rejection.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { decodeScalars } from './messages.ts'

export interface ScalarHandlerOptions {
  /** Why nothing is taken from this peer, or undefined when it is. */
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  readonly onMessage: (peerId: string, message: OneByteMessage) => void
  /** Counts a message. Milliseconds until the next is read, which holds up whoever sends them faster. */
  readonly pace: (peerId: string) => number
  readonly signal: AbortSignal
}

/**
 * Hears one incoming stream to its end.
 *
 * @throws WireError `refused` for a peer that is no member, `malformed` for bytes that are no message
 */
export async function hearScalars (stream: Stream, peerId: string, { refusal, onMessage, pace, signal }: ScalarHandlerOptions): Promise<void> {
  const io = new StreamIO(stream, { maximumFrameBytes: MAXIMUM_CONTROL_FRAME_BYTES })
  try {
    const why = await refusal(peerId)
    if (why !== undefined) throw new WireError('refused', why.sentence)
    for (let frame = await io.readFrame({ signal, idleMs: SILENCE_TIMEOUT_MS }); frame !== undefined; frame = await io.readFrame({ signal, idleMs: SILENCE_TIMEOUT_MS })) {
      onMessage(peerId, decodeScalars(frame))
      const waitMs = pace(peerId)
      if (waitMs > 0) await new Promise(resolve => { setTimeout(resolve, waitMs) })
    }
    await io.end(signal)
  } catch (error) {
    const fault = asWireError(error)
    io.abort(fault)
    throw fault
  }
}
