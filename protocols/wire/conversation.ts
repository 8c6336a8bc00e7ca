import { messageStreamToDuplex } from '@libp2p/utils'
import * as lengthPrefixed from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { asWireError, WireError } from './errors.ts'
import { MAXIMUM_PREFIX_BYTES } from './frames.ts'
import { CONVERSATION_TIMEOUT_MS, MAXIMUM_CONTROL_FRAME_BYTES, MAXIMUM_CONVERSATION_BYTES } from './limits.ts'

/** The partner's frames, one at a time. */
export interface Incoming {
  /** @throws WireError `truncated` when the partner ended instead */
  next (): Promise<Uint8Array>
}

/** One side of a small conversation: yields frames to send, awaits the partner's, returns the outcome. */
export type Talk<T> = (incoming: Incoming) => AsyncGenerator<Uint8Array, T, undefined>

export interface ConversationOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
  readonly maximumFrameBytes?: number
}

/**
 * Runs one small request-and-answer conversation to its end as a pipeline: stream → frames → talk → frames → stream.
 * For bulk data use StreamIO: this reads as fast as the partner sends.
 *
 * @throws WireError; the stream is reset then, and nothing else
 */
export async function converse<T> (stream: Stream, talk: Talk<T>, options: ConversationOptions = {}): Promise<T> {
  const maxDataLength = options.maximumFrameBytes ?? MAXIMUM_CONTROL_FRAME_BYTES
  const release = watch(stream, options)
  let outcome: { value: T } | undefined
  try {
    const duplex = messageStreamToDuplex(stream)
    await pipe(
      duplex,
      source => lengthPrefixed.decode(source, { maxDataLength, maxLengthLength: MAXIMUM_PREFIX_BYTES }),
      async function * (frames: AsyncIterable<Uint8ArrayList>) {
        outcome = { value: yield * talk(incomingFrom(frames)) }
      },
      source => lengthPrefixed.encode(source),
      duplex
    )
    // the pipeline also ends quietly when the stream closes under it
    if (outcome === undefined) throw new WireError('truncated', 'the stream ended in the middle of a conversation')
    return outcome.value
  } catch (error) {
    const fault = asWireError(options.signal?.aborted === true ? options.signal.reason : error)
    stream.abort(fault)
    throw fault
  } finally {
    release()
  }
}

function incomingFrom (frames: AsyncIterable<Uint8ArrayList>): Incoming {
  const iterator = frames[Symbol.asyncIterator]()
  return {
    async next () {
      const result = await iterator.next()
      if (result.done === true) throw new WireError('truncated', 'the partner ended the conversation early')
      return result.value.subarray()
    }
  }
}

/** Resets the stream on timeout, abort or when the partner sends more than any conversation needs. */
function watch (stream: Stream, { signal, timeoutMs = CONVERSATION_TIMEOUT_MS }: ConversationOptions): () => void {
  let received = 0
  const onMessage = (event: StreamMessageEvent): void => {
    received += event.data.byteLength
    if (received > MAXIMUM_CONVERSATION_BYTES) stream.abort(new WireError('too-long', `a conversation exceeds ${MAXIMUM_CONVERSATION_BYTES} bytes`))
  }
  const onAbort = (): void => { stream.abort(asWireError(signal?.reason)) }
  const timer = setTimeout(() => { stream.abort(new WireError('idle', `no answer within ${timeoutMs / 1000} s`)) }, timeoutMs)
  stream.addEventListener('message', onMessage)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  return () => {
    clearTimeout(timer)
    stream.removeEventListener('message', onMessage)
    signal?.removeEventListener('abort', onAbort)
  }
}
