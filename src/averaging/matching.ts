import { hashText, mix, saltOf, sortedMembers } from './pairing-hash.ts'

/**
 * Who meets whom in a round, derived by each peer alone from its own view. Every pair of members has a hash of (seed, round, pair); pairs are taken greedily by
 * smallest hash. The matching is stable: a member that only some views hold disturbs the few pairs that it would have displaced (about three peers at any swarm
 * size), where a permutation of the whole membership would reshuffle everyone (algorithms.md, "Who meets whom").
 *
 * Greedy order need not be simulated. A pair that is the best left for both of its ends belongs to the greedy matching whatever else is taken, so it is enough
 * to walk from `self` to its best, to that one's best and so on. Hashes fall along the walk; it ends at such a pair, which is taken, and goes on from the last
 * member before it. A few scans of the members instead of a sort of all pairs.
 *
 * @param self this peer's id; counted as a member whether listed or not
 * @param members ids in any order, duplicates allowed
 * @param round natural number below 2⁵³
 * @param seed the run's 32-bit seed
 * @returns the partner, or undefined for the odd one out
 */
export function partnerOf (self: string, members: Iterable<string>, round: number, seed: number): string | undefined {
  return partnerAmong(self, sortedMembers(self, members), round, seed)
}

/** As {@link partnerOf}, of members who are in order and hold `self` once. */
export function partnerAmong (self: string, ids: readonly string[], round: number, seed: number): string | undefined {
  const free = new FreeMembers(ids, round, seed)
  const walk = [ids.indexOf(self)]
  for (;;) {
    const here = walk[walk.length - 1] as number
    const best = free.bestFor(here)
    if (best === undefined) return undefined
    if (best !== walk[walk.length - 2]) {
      walk.push(best)
      continue
    }
    if (walk.length === 2) return ids[here]
    free.take(here, best)
    walk.length -= 2
  }
}

/** The members that are not matched yet, as indices into the sorted ids, and the order of their pairs. */
class FreeMembers {
  readonly #free: number[]
  readonly #first: readonly number[]
  readonly #second: readonly number[]

  constructor (ids: readonly string[], round: number, seed: number) {
    const salt = saltOf(seed, round)
    this.#free = ids.map((_, index) => index)
    this.#first = ids.map(id => hashText(id, salt))
    this.#second = ids.map(id => hashText(id, ~salt))
  }

  take (one: number, other: number): void {
    this.#free.splice(this.#free.indexOf(one), 1)
    this.#free.splice(this.#free.indexOf(other), 1)
  }

  /** The free member whose pair with `member` comes first. Runs a million times in a simulation: it allocates nothing. */
  bestFor (member: number): number | undefined {
    let best: number | undefined
    let bestHash = Infinity
    for (const other of this.#free) {
      if (other === member) continue
      const hash = other < member ? this.#pairHash(other, member) : this.#pairHash(member, other)
      if (hash < bestHash || (hash === bestHash && best !== undefined && pairComesFirst(member, other, best))) {
        best = other
        bestHash = hash
      }
    }
    return best
  }

  #pairHash (smaller: number, larger: number): number {
    return mix((this.#first[smaller] as number) ^ (this.#second[larger] as number))
  }
}

/** Equal hashes are ordered by (smaller id, larger id), the same in every view. */
function pairComesFirst (member: number, other: number, best: number): boolean {
  const smaller = Math.min(member, other) - Math.min(member, best)
  return smaller !== 0 ? smaller < 0 : Math.max(member, other) < Math.max(member, best)
}
