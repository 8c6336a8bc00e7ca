import type { AttestAnswer } from './transfer-ports.ts'

/** Others that must find a source's part within what they expect. */
export const ATTESTATIONS_NEEDED = 2

/**
 * A distance within so many expected spreads is believed: members that did not meet in the last rounds are farther apart than those that did, a part of the
 * vector may differ by twice what the whole does, and a sketch errs by a tenth.
 */
export const ALLOWED_SPREADS = 6

/** What one other member makes of a part: it cannot tell where it knows of no spread, unless the two are the same. */
export function opinionOf (answers: readonly AttestAnswer[]): 'within' | 'outside' | 'unknown' {
  const far = answers.filter(({ distance, expected }) => distance > 0 && (expected === null || distance > ALLOWED_SPREADS * expected))
  if (far.length === 0) return 'within'
  return far.some(({ expected }) => expected !== null) ? 'outside' : 'unknown'
}

export interface Opinions {
  readonly within: number
  readonly outside: number
  /** Members, the origin's own and refused ones excluded, whether they can tell or not. */
  readonly others: number
}

/** `alone`: there is nobody who could say more, and nobody who objects. */
export type Verdict = 'trusted' | 'alone' | 'refused' | 'undecided'

/** Whether what an origin gave is to be believed. @param isLast the joiner's patience is over */
export function verdictOf ({ within, outside, others }: Opinions, isLast: boolean): Verdict {
  if (within >= ATTESTATIONS_NEEDED && within > outside) return 'trusted'
  const isFinal = isLast || others < ATTESTATIONS_NEEDED
  if (outside > within && (outside >= ATTESTATIONS_NEEDED || isFinal)) return 'refused'
  if (!isFinal) return 'undecided'
  return outside === 0 ? 'alone' : 'refused'
}
