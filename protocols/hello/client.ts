import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import type { Rejection } from '../wire/rejection.ts'
import { decideHello } from './decide.ts'
import { decodeAnswer, encodeHello, encodeVerdict, type Hello, type Verdict } from './messages.ts'

export interface HelloOptions {
  /** A reason to refuse whom `decideHello` would accept: the run does not admit it, or the table is full. */
  readonly refusal?: ((theirs: Hello) => Verdict | undefined) | undefined
  readonly signal?: AbortSignal | undefined
}

/** How a hello ended, the same shape on both sides. */
export type HelloOutcome =
  | { readonly kind: 'accepted', readonly theirs: Hello }
  /** With the other side's hello where there was one: who is too busy for one more names others. */
  | { readonly kind: 'rejected', readonly by: 'us' | 'them', readonly rejection: Rejection, readonly theirs: Hello }

export function outcomeOf (verdict: Verdict, by: 'us' | 'them', theirs: Hello): HelloOutcome {
  return verdict.accept
    ? { kind: 'accepted', theirs }
    : { kind: 'rejected', by, rejection: { code: verdict.code, sentence: verdict.sentence }, theirs }
}

/** What is said to the other side: that it does not belong here, or is not let in. */
export function verdictOn (ours: Hello, theirs: Hello, refusal: HelloOptions['refusal']): Verdict {
  const decision = decideHello(ours, theirs)
  return decision.accept ? refusal?.(theirs) ?? decision : decision
}

/**
 * The dialling side: hello → their hello and verdict → our verdict. Both sides know the outcome and its sentence.
 *
 * @throws WireError
 */
export async function sayHello (stream: Stream, ours: Hello, { refusal, signal }: HelloOptions = {}): Promise<HelloOutcome> {
  return converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, HelloOutcome> {
    yield encodeHello(ours)
    const { hello: theirs, verdict } = decodeAnswer(await incoming.next())
    if (!verdict.accept) return outcomeOf(verdict, 'them', theirs)
    const answer = verdictOn(ours, theirs, refusal)
    yield encodeVerdict(answer)
    return outcomeOf(answer, 'us', theirs)
  }, { signal })
}
