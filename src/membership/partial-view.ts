import { byCodeUnits, hashText, mix, saltOf } from '../averaging/pairing-hash.ts'

const NEIGHBOURS_SALT = 0x6e656967
const CUT_SALT = 0x63757473
/** Members among whom a peer looks for its group: a full group fits, a view of them is 64 signed records, and matching them takes microseconds. */
export const LARGEST_NEIGHBOURHOOD = 64
/** A swarm may grow by so much of a doubling beyond that before it is cut: a count that is off by one in 128 disagrees in one epoch of fifty there, and nowhere else. */
const LATITUDE = 0.5
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
  // Members mostly come in order: with this peer behind them, sorting them is little more than a look.
  const ids = [...members, self]
  const epoch = epochOf(round)
  const size = swarmSize !== undefined && ids.length <= swarmSize ? swarmSize : Math.max(new Set(ids).size, swarmSize ?? 0)
  const bits = neighbourhoodBits(size, epoch, seed)
  const placeOf = neighbourhoodsOf(epoch, seed, bits)
  const own = placeOf(self)
  const near = ids.filter(id => placeOf(id) === own).sort(byCodeUnits)
  return near.filter((id, place) => id !== near[place - 1])
}

/** Rounds of the same epoch have the same neighbourhoods. */
export function epochOf (round: number): number {
  return Math.floor(round / NEIGHBOURHOOD_ROUNDS)
}

/**
 * Bits of the hash that neighbours share in a swarm of so many, as few as keep a neighbourhood small. Where exactly a swarm is cut once more is drawn anew each epoch: peers whose
 * counts differ by a few look in the same neighbourhood in nearly all epochs, whatever the size of the swarm; in the others those of one look in half as many.
 */
export function neighbourhoodBits (swarmSize: number, epoch: number, seed: number, largest = LARGEST_NEIGHBOURHOOD): number {
  const latitude = LATITUDE * mix(saltOf(seed, epoch) ^ CUT_SALT) / 2 ** 32
  return Math.max(0, Math.ceil(Math.log2(swarmSize / largest) - latitude))
}

/** Which of the 2^bits neighbourhoods of an epoch a member is in. */
export function neighbourhoodsOf (epoch: number, seed: number, bits: number): (id: string) => number {
  const salt = mix(saltOf(seed, epoch) ^ NEIGHBOURS_SALT)
  return bits === 0 ? () => 0 : id => hashText(id, salt) >>> (32 - bits)
}
