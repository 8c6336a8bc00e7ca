import { hashText, mix } from './pairing-hash.ts'

/** Somebody who accepted to meet and then said nothing for the whole grace, so many times in a row. */
export interface Silence {
  readonly peerId: string
  readonly times: number
  /** Meetings with it that are let pass before the next try. */
  readonly passes: number
}

/** A link that broke at a bad moment leaves one such round behind, which is nobody's habit. */
const EXCUSED = 1
/** However often it was silent, it is tried again after so many meetings, for the whole grace: an honest peer whose link has recovered is back with its first word. */
const MOST_PASSES = 16
/** Beyond, the oldest is forgotten: a member of many names gains a grace for each, and no memory. */
const MOST_REMEMBERED = 256

/** After a round in which somebody did not say what it had agreed to: 1, 2, 4 … meetings with it are let pass from the second time in a row on. */
export function afterSilence (silences: readonly Silence[], peerId: string): readonly Silence[] {
  const times = (silences.find(silence => silence.peerId === peerId)?.times ?? 0) + 1
  const passes = times <= EXCUSED ? 0 : Math.min(MOST_PASSES, 2 ** (times - EXCUSED - 1))
  return [...afterWord(silences, [peerId]), { peerId, times, passes }].slice(-MOST_REMEMBERED)
}

/** Who did what it had agreed to is as any other again. */
export function afterWord (silences: readonly Silence[], peerIds: readonly string[]): readonly Silence[] {
  return silences.filter(({ peerId }) => !peerIds.includes(peerId))
}

/**
 * Whether a group tries somebody in a round: in all of them at first, then in one of 2, 4, 8 and at most 16. Which these are follows from its name and the round's number, and the rarer
 * ones are among the more frequent: those who have counted otherwise try it in the same rounds, so that they wait for it as rarely together as each of them would alone.
 */
export function isTriedIn ({ peerId, passes }: Silence, round: number): boolean {
  return passes === 0 || hashText(peerId, mix(round)) % Math.min(MOST_PASSES, 2 * passes) === 0
}

/** After a meeting with somebody that was let pass. */
export function afterPass (silences: readonly Silence[], peerId: string): readonly Silence[] {
  return silences.map(silence => silence.peerId === peerId ? { ...silence, passes: silence.passes - 1 } : silence)
}
