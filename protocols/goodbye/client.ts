import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import { encodeGoodbye } from './messages.ts'

/**
 * Tells a peer that this one leaves, and why; resolves once it was heard.
 *
 * @throws WireError
 */
export async function sayGoodbye (stream: Stream, reason: string, signal?: AbortSignal): Promise<void> {
  await converse(stream, async function * (incoming) {
    yield encodeGoodbye({ reason })
    await incoming.next()
  }, { signal })
}
