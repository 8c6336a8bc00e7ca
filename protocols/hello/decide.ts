import type { RejectionCode } from '../../src/ports.ts'
import { rejection, type RejectionValues } from '../wire/rejection.ts'
import type { Hello, Verdict } from './messages.ts'

/** The part of a hello that the decision rests on. */
export type HelloTerms = Pick<Hello, 'protocols' | 'runId' | 'layoutHash' | 'codec'>

export const ACCEPT: Verdict = { accept: true }

/** Whether `ours` and `theirs` can train together; whom the run admits is asked after that. Symmetric but for the sentence. */
export function decideHello (ours: HelloTerms, theirs: HelloTerms): Verdict {
  if (!overlap(ours.protocols, theirs.protocols)) {
    return refuse('WRONG_PROTOCOL', { refusing: range(ours.protocols), refused: range(theirs.protocols) })
  }
  if (ours.runId !== theirs.runId) return refuse('WRONG_RUN', { refusing: ours.runId, refused: theirs.runId })
  if (ours.layoutHash !== theirs.layoutHash) {
    return refuse('WRONG_LAYOUT', { refusing: short(ours.layoutHash), refused: short(theirs.layoutHash) })
  }
  if (ours.codec !== theirs.codec) return refuse('WRONG_CODEC', { refusing: short(ours.codec), refused: short(theirs.codec) })
  return ACCEPT
}

export function refuse<Code extends RejectionCode> (code: Code, values: RejectionValues[Code]): Verdict {
  return { accept: false, ...rejection(code, values) }
}

type Versions = Hello['protocols']

function overlap (a: Versions, b: Versions): boolean {
  return a.minimum <= b.maximum && b.minimum <= a.maximum
}

function range ({ minimum, maximum }: Versions): string {
  return minimum === maximum ? String(minimum) : `${minimum} to ${maximum}`
}

/** Enough of a hash or spec to tell two apart in one line. */
function short (text: string): string {
  return text.length <= 48 ? text : `${text.slice(0, 47)}…`
}
