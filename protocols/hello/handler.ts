import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import { outcomeOf, type HelloOutcome } from './client.ts'
import { decideHello } from './decide.ts'
import { decodeHello, decodeVerdict, encodeAnswer, type Hello, type Verdict } from './messages.ts'

export interface AnswerHelloOptions {
  /** A reason of the moment to refuse whom `decideHello` would accept, such as a full table. */
  readonly refusal?: () => Verdict | undefined
  readonly signal?: AbortSignal
}

/**
 * The answering side of `sayHello`.
 *
 * @throws WireError
 */
export async function answerHello (stream: Stream, ours: Hello, options: AnswerHelloOptions = {}): Promise<HelloOutcome> {
  return converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, HelloOutcome> {
    const theirs = decodeHello(await incoming.next())
    const decision = decideHello(ours, theirs)
    const verdict = decision.accept ? options.refusal?.() ?? decision : decision
    yield encodeAnswer({ hello: ours, verdict })
    if (!verdict.accept) return outcomeOf(verdict, 'us', theirs)
    return outcomeOf(decodeVerdict(await incoming.next()), 'them', theirs)
  }, { signal: options.signal })
}
