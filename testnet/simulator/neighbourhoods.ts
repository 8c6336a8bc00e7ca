import { byCodeUnits } from '../../src/averaging/pairing-hash.ts'
import { epochOf, neighbourhoodBits, neighbourhoodsOf } from '../../src/membership/partial-view.ts'

/** Machines a few epochs behind the fastest still ask for theirs. */
const REMEMBERED_EPOCHS = 8

interface Epoch<Member> {
  /** Members when it was dealt. */
  readonly size: number
  readonly placeOf: (id: string) => number
  readonly groups: ReadonlyMap<number, readonly Member[]>
}

/**
 * Who is in whose partial view, for a swarm too large for every machine to know all: the members of a machine's neighbourhood in the epoch of its next round, and of the
 * one after that. What a directory of peers would tell; worked out for all of an epoch at once.
 */
export class Neighbourhoods<Member extends { readonly id: string }> {
  readonly #seed: number
  readonly #members: ReadonlyMap<string, Member>
  readonly #epochs = new Map<number, Epoch<Member>>()

  constructor (members: ReadonlyMap<string, Member>, seed: number) {
    this.#members = members
    this.#seed = seed
  }

  /** Those whom `self` may meet in the round after `round` and for a while, in order of id and without itself. */
  near (self: Member, round: number): readonly Member[] {
    const epoch = epochOf(round + 1)
    return merged(this.#of(self, epoch), this.#of(self, epoch + 1), self)
  }

  #of ({ id }: Member, epoch: number): readonly Member[] {
    const known = this.#epochs.get(epoch)
    const { groups, placeOf } = known?.size === this.#members.size ? known : this.#deal(epoch)
    return groups.get(placeOf(id)) ?? []
  }

  #deal (epoch: number): Epoch<Member> {
    const { size } = this.#members
    const placeOf = neighbourhoodsOf(epoch, this.#seed, neighbourhoodBits(size, epoch, this.#seed))
    const groups = new Map<number, Member[]>()
    for (const member of this.#members.values()) {
      const place = placeOf(member.id)
      const group = groups.get(place)
      if (group === undefined) groups.set(place, [member])
      else group.push(member)
    }
    for (const group of groups.values()) group.sort((one, other) => byCodeUnits(one.id, other.id))
    for (const old of this.#epochs.keys()) if (old < epoch - REMEMBERED_EPOCHS) this.#epochs.delete(old)
    const dealt = { size, placeOf, groups }
    this.#epochs.set(epoch, dealt)
    return dealt
  }
}

/** Everybody of two lists in order of id, once each and without `self`; in that order too. */
function merged<Member extends { readonly id: string }> (one: readonly Member[], other: readonly Member[], self: Member): readonly Member[] {
  const all: Member[] = []
  let [ours, theirs] = [0, 0]
  for (;;) {
    const [mine, hers] = [one[ours], other[theirs]]
    const next = hers === undefined || (mine !== undefined && mine.id <= hers.id) ? mine : hers
    if (next === undefined) return all
    if (next === mine) ours++
    if (next === hers) theirs++
    if (next !== self) all.push(next)
  }
}
