import type { RoundPlan } from './frame.ts'
import { hashText, mix } from './pairing-hash.ts'

/**
 * Rounds after which replicas that share gradients compare their weights themselves. In between the history of a replica stands for them: the same start and the same
 * means make the same weights. What no history tells is rarer and slower: optimizers whose moments differ, processors that round differently. A look costs
 * some 40 ms a million weights on a busy machine, and a member that never agrees fetches the weights again: every 64 steps that is about a hundredth of what `ddp` sends for them.
 */
export const FINGERPRINT_ROUNDS = 64

/**
 * What stands for a replica's weights after a round, from what stood for them before: equal for those who landed the same means of the same parts, and for nobody
 * else. A part that did not land was replaced by the peer's own, so it counts as this peer's.
 *
 * @param basis 32 bits, as is the result
 * @param means by part: whose contributions are in what landed; the owner sends the same mean to all
 */
export function historyAfter (basis: number, plan: RoundPlan, means: ReadonlyMap<number, { readonly members: readonly string[] }>, self: string): number {
  return plan.parts.reduce((hash, { end, owner = '' }, part) => {
    const members = means.get(part)?.members ?? [self]
    return [owner, ...members].reduce((sum, member) => hashText(member, sum), mix(hash ^ end))
  }, mix(basis ^ plan.round))
}
