import { epochOf, neighbourhoodBits, neighbourhoodOf } from '../../src/membership/partial-view.ts'

/**
 * Who is in whose partial view, for a swarm too large for every machine to know all: the members of a machine's neighbourhood in the epoch of its next round, and of the
 * one after that. What a directory of peers would tell; worked out for all of an epoch at once.
 */
export class Neighbourhoods<Member extends { readonly id: string }> {
  readonly #seed: number
  readonly #members: () => Iterable<Member>
  readonly #size: () => number
  /** By epoch, then by prefix. */
  readonly #epochs = new Map<number, { readonly size: number, readonly groups: ReadonlyMap<number, readonly Member[]> }>()

  constructor (members: () => Iterable<Member>, size: () => number, seed: number) {
    this.#members = members
    this.#size = size
    this.#seed = seed
  }

  /** Those near `self` in the epoch of a round, itself included. */
  of (self: Member, epoch: number): readonly Member[] {
    const size = this.#size()
    const known = this.#epochs.get(epoch)
    const { groups } = known?.size === size ? known : this.#deal(epoch, size)
    return groups.get(neighbourhoodOf(self.id, epoch, this.#seed, neighbourhoodBits(size))) ?? []
  }

  epochOf (round: number): number {
    return epochOf(round)
  }

  #deal (epoch: number, size: number): { readonly groups: ReadonlyMap<number, readonly Member[]> } {
    const bits = neighbourhoodBits(size)
    const groups = new Map<number, Member[]>()
    for (const member of this.#members()) {
      const place = neighbourhoodOf(member.id, epoch, this.#seed, bits)
      const group = groups.get(place)
      if (group === undefined) groups.set(place, [member])
      else group.push(member)
    }
    for (const old of this.#epochs.keys()) if (old < epoch - REMEMBERED_EPOCHS) this.#epochs.delete(old)
    this.#epochs.set(epoch, { size, groups })
    return { groups }
  }
}

/** Machines a few epochs behind the fastest still ask for theirs. */
const REMEMBERED_EPOCHS = 8
