import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import { outcomeOf, verdictOn, type HelloOptions, type HelloOutcome } from './client.ts'
import { decodeHello, decodeVerdict, encodeAnswer, type Hello } from './messages.ts'

/**
 * The answering side of `sayHello`.
 *
 * @throws WireError
 */
export async function answerHello (stream: Stream, ours: Hello, { refusal, signal }: HelloOptions = {}): Promise<HelloOutcome> {
  return converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, HelloOutcome> {
    const theirs = decodeHello(await incoming.next())
    const verdict = verdictOn(ours, theirs, refusal)
    yield encodeAnswer({ hello: ours, verdict })
    if (!verdict.accept) return outcomeOf(verdict, 'us', theirs)
    return outcomeOf(decodeVerdict(await incoming.next()), 'them', theirs)
  }, { signal })
}
