import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import { decodeGoodbye, HEARD } from './messages.ts'

/**
 * Why the peer at the other end leaves.
 *
 * @throws WireError
 */
export async function hearGoodbye (stream: Stream, signal?: AbortSignal): Promise<string> {
  return converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, string> {
    const { reason } = decodeGoodbye(await incoming.next())
    yield HEARD
    return reason
  }, { signal })
}
