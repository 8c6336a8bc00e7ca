import { byCodeUnits } from '../../src/averaging/pairing-hash.ts'
import { epochOf, neighbourhoodBits, neighbourhoodOf } from '../../src/membership/partial-view.ts'

/** Machines a few epochs behind the fastest still ask for theirs. */
const REMEMBERED_EPOCHS = 8

/**
 * Who is in whose partial view, for a swarm too large for every machine to know all: the members of a machine's neighbourhood in the epoch of its next round, and of the
 * one after that. What a directory of peers would tell; worked out for all of an epoch at once.
 */
export class Neighbourhoods<Member extends { readonly id: string }> {
  readonly #seed: number
  readonly #members: ReadonlyMap<string, Member>
  /** By epoch, then by prefix. */
  readonly #epochs = new Map<number, { readonly size: number, readonly groups: ReadonlyMap<number, readonly Member[]> }>()

  constructor (members: ReadonlyMap<string, Member>, seed: number) {
    this.#members = members
    this.#seed = seed
  }

  /** Those whom `self` may meet in the round after `round` and for a while, in order of id and without itself. */
  near (self: Member, round: number): readonly Member[] {
    const epoch = epochOf(round + 1)
    const near = new Set([...this.#of(self, epoch), ...this.#of(self, epoch + 1)])
    near.delete(self)
    return [...near].sort((one, other) => byCodeUnits(one.id, other.id))
  }

  #of (self: Member, epoch: number): readonly Member[] {
    const { size } = this.#members
    const known = this.#epochs.get(epoch)
    const groups = known?.size === size ? known.groups : this.#deal(epoch, size)
    return groups.get(neighbourhoodOf(self.id, epoch, this.#seed, neighbourhoodBits(size, epoch, this.#seed))) ?? []
  }

  #deal (epoch: number, size: number): ReadonlyMap<number, readonly Member[]> {
    const bits = neighbourhoodBits(size, epoch, this.#seed)
    const groups = new Map<number, Member[]>()
    for (const member of this.#members.values()) {
      const place = neighbourhoodOf(member.id, epoch, this.#seed, bits)
      const group = groups.get(place)
      if (group === undefined) groups.set(place, [member])
      else group.push(member)
    }
    for (const old of this.#epochs.keys()) if (old < epoch - REMEMBERED_EPOCHS) this.#epochs.delete(old)
    this.#epochs.set(epoch, { size, groups })
    return groups
  }
}
