import { byCodeUnits, hashText, mix, saltOf } from '../averaging/pairing-hash.ts'

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
  const ids = new Set(members).add(self)
  const bits = neighbourhoodBits(Math.max(ids.size, swarmSize ?? 0))
  const epoch = epochOf(round)
  const own = neighbourhoodOf(self, epoch, seed, bits)
  return [...ids].filter(id => neighbourhoodOf(id, epoch, seed, bits) === own).sort(byCodeUnits)
}

/** Rounds of the same epoch have the same neighbourhoods. */
export function epochOf (round: number): number {
  return Math.floor(round / NEIGHBOURHOOD_ROUNDS)
}

/** Bits of the hash that neighbours share in a swarm of so many. */
export function neighbourhoodBits (swarmSize: number): number {
  return Math.max(0, Math.ceil(Math.log2(swarmSize / LARGEST_NEIGHBOURHOOD)))
}

/** Which of the 2^bits neighbourhoods of an epoch a member is in. */
export function neighbourhoodOf (id: string, epoch: number, seed: number, bits: number): number {
  return bits === 0 ? 0 : hashText(id, mix(saltOf(seed, epoch) ^ NEIGHBOURS_SALT)) >>> (32 - bits)
}
