import { upperMedian } from '../membership/view.ts'

/**
 * Peers one round apart are in step: their announcements cross, or one is a little slower. From two rounds on the
 * difference is not jitter, and they would never offer each other the same number.
 */
const OUT_OF_STEP = 2
/** A peer that was away for a day of fast rounds catches up in a few; a liar's number cannot run away with the count. */
const LONGEST_JUMP = 10_000

export type RoundLabel =
  /** The number under which to look for a partner. */
  | { readonly kind: 'meet', readonly round: number }
  /** The swarm's clock stands behind this peer's by so many rounds: train on alone and let it catch up. */
  | { readonly kind: 'ahead', readonly lead: number }

/**
 * The number of a peer's next round (docs/decisions/0003-round-labels-and-patience.md): its own last one plus 1, unless the swarm counts elsewhere. A peer that is
 * behind (slow, resumed, late) takes up the swarm's count; one that is ahead leaves its own standing, so that the two meet again.
 *
 * @param own the last round that this peer committed
 * @param others the last rounds of the others who train
 */
export function labelRound (own: number, others: readonly number[]): RoundLabel {
  const swarm = upperMedian(others) ?? own
  if (swarm - own >= OUT_OF_STEP) return { kind: 'meet', round: Math.min(swarm, own + LONGEST_JUMP) + 1 }
  if (own - swarm >= OUT_OF_STEP) return { kind: 'ahead', lead: own - swarm }
  return { kind: 'meet', round: own + 1 }
}

/** The last round of a peer that begins from a replica of round `own`: as if it had been in the swarm's rounds since. @param others the last rounds of the others who train */
export function countOf (own: number, others: readonly number[]): number {
  const label = labelRound(own, others)
  return label.kind === 'meet' ? label.round - 1 : own
}
