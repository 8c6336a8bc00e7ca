import { hashText, mix, saltOf, sortedMembers } from '../averaging/pairing-hash.ts'

const NEIGHBOURS_SALT = 0x6e656967
/** Members among whom a peer looks for its group: a full group fits, a view of them is 64 signed records, and matching them takes microseconds. */
export const LARGEST_NEIGHBOURHOOD = 64
/** Rounds that a neighbourhood lasts: views have time to follow, weights mix across within a few of them. */
const NEIGHBOURHOOD_ROUNDS = 8

/**
 * The part of a large swarm in which this peer looks for its group: those whose hash of (seed, epoch, member) begins with the same bits. A peer need
 * know nobody else, so its view stays small however large the swarm; every few rounds the neighbourhoods are drawn anew. Prefixes nest: two peers that do not
 * agree on the size of the swarm still agree on half of their neighbours or all.
 *
 * @param swarmSize peers in the swarm, where the view holds only some of them
 * @returns ids including `self`, in order
 */
export function partialViewOf (self: string, members: Iterable<string>, round: number, seed: number, swarmSize?: number): readonly string[] {
  const ids = sortedMembers(self, members)
  const bits = Math.max(0, Math.ceil(Math.log2(Math.max(ids.length, swarmSize ?? 0) / LARGEST_NEIGHBOURHOOD)))
  const salt = mix(saltOf(seed, Math.floor(round / NEIGHBOURHOOD_ROUNDS)) ^ NEIGHBOURS_SALT)
  const prefixOf = (id: string): number => bits === 0 ? 0 : hashText(id, salt) >>> (32 - bits)
  const own = prefixOf(self)
  return ids.filter(id => prefixOf(id) === own)
}
