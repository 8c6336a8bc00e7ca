import { movedWeights, negated, perDirection } from './accumulator.ts'
import type { Block } from './ferret.ts'
import type { Contribution, Noise } from './noise.ts'
import type { WeightSource } from './weight-source.ts'

/** What one peer found in one round, as a ledger's entry carries it. */
export interface Pack {
  readonly peer: string
  /** A multiple of the run's window. */
  readonly firstStep: number
  readonly levels: Int8Array
  /** Which direction of the pool, or which block, each level is about. */
  readonly pool: Uint16Array
}

/** Whole numbers that a pack moves a part of the weights by; all of them where no block is named. */
export interface Move {
  readonly block?: Block | undefined
  readonly contributions: readonly Contribution[]
}

export interface PackModelRules {
  readonly noise: Noise
  /** Real size of one whole number. */
  readonly unit: number
  /** More packs could overflow 32 bits. */
  readonly mostPacks: number
  /** What a pack says; a function of the pack alone. */
  readonly movesOf: (pack: Pack) => readonly Move[]
}

/**
 * θ₀ plus a set of packs, as whole numbers: equal sets are equal bits, whatever came when. Beside the packs it carries what a peer moves only itself by
 * within a round, which goes again exactly.
 */
export class PackModel {
  /** θ: θ₀, all packs, and the peer's own steps of the round under way. */
  readonly weights: WeightSource
  readonly #base: WeightSource
  readonly #rules: PackModelRules
  readonly #integers: Int32Array
  readonly #packs = new Map<string, Pack>()
  #own: Contribution[] = []
  /** What was taken over from somebody in place of the packs that it stands for. */
  #takenOver: { readonly packs: number, readonly contributions: readonly Contribution[] } = { packs: 0, contributions: [] }

  /** @param integers zeros, one a weight: memory that a trainer may share (`ScalarSteps.integers`) */
  constructor (base: WeightSource, integers: Int32Array, rules: PackModelRules) {
    this.#base = base
    this.#rules = rules
    this.#integers = integers
    this.weights = this.#weightsOf(integers)
  }

  has (pack: Pack): boolean { return this.#packs.has(nameOf(pack)) }

  /**
   * Counts packs; those counted already change nothing. One pass over the weights for all of them, in which each direction is made once.
   *
   * @throws RangeError, with nothing moved, when there could be more than the rules' packs
   */
  add (packs: readonly Pack[]): void {
    const fresh = [...new Map(packs.map(pack => [nameOf(pack), pack])).values()].filter(pack => !this.has(pack))
    if (this.#packs.size + this.#takenOver.packs + fresh.length > this.#rules.mostPacks) throw new RangeError(`no more than ${this.#rules.mostPacks} packs fit into this run`)
    for (const pack of fresh) this.#packs.set(nameOf(pack), pack)
    this.#move(this.#integers, fresh, 1)
  }

  /** Counts a pack no longer; false for one that never counted. */
  withdraw (pack: Pack): boolean {
    const held = this.#packs.get(nameOf(pack))
    if (held === undefined) return false
    this.#packs.delete(nameOf(pack))
    this.#move(this.#integers, [held], -1)
    return true
  }

  /** Begins with the sums of packs that are not here. Before anything else. */
  takeOver (packs: number, contributions: readonly Contribution[]): void {
    this.#takenOver = { packs, contributions }
    this.#accumulate(this.#integers, contributions)
  }

  /** A step of this peer's own, until `takeBack`. */
  moveOwn (contribution: Contribution): void {
    this.#own.push(contribution)
    this.#accumulate(this.#integers, [contribution])
  }

  /** Own steps go, exactly. */
  takeBack (): void {
    this.#accumulate(this.#integers, negated(this.#own))
    this.#own = []
  }

  /** The weights that just these packs make, from what is in memory now: whoever's memory is sound gets the same bits for the same packs. */
  weightsBy (packs: readonly Pack[]): WeightSource {
    const wanted = new Map(packs.map(pack => [nameOf(pack), pack]))
    const integers = this.#integers.slice()
    this.#accumulate(integers, negated(this.#own))
    this.#move(integers, [...this.#packs].filter(([name]) => !wanted.has(name)).map(([, pack]) => pack), -1)
    this.#move(integers, [...wanted].filter(([name]) => !this.#packs.has(name)).map(([, pack]) => pack), 1)
    return this.#weightsOf(integers)
  }

  /** Makes the sums from nothing again: for whoever doubts his memory. */
  rebuild (): void {
    this.#integers.fill(0)
    this.#accumulate(this.#integers, [...this.#takenOver.contributions, ...this.#own])
    this.#move(this.#integers, [...this.#packs.values()], 1)
  }

  #weightsOf (integers: Int32Array): WeightSource {
    return movedWeights(this.#base, integers, this.#rules.unit / this.#rules.noise.integersPerUnit)
  }

  #move (integers: Int32Array, packs: readonly Pack[], sign: 1 | -1): void {
    const blocks = new Map<string, { readonly block: Block | undefined, readonly contributions: Contribution[] }>()
    for (const { block, contributions } of packs.flatMap(pack => this.#rules.movesOf(pack))) {
      const name = block === undefined ? '' : `${block.first} ${block.size}`
      const known = blocks.get(name) ?? { block, contributions: [] }
      blocks.set(name, known)
      for (const { seed, amount } of contributions) known.contributions.push({ seed, amount: sign * amount })
    }
    for (const { block, contributions } of blocks.values()) this.#accumulate(integers, contributions, block)
  }

  #accumulate (integers: Int32Array, contributions: readonly Contribution[], { first, size }: Block = { first: 0, size: integers.length }): void {
    const moving = perDirection(contributions)
    if (moving.length > 0) this.#rules.noise.accumulate(integers.subarray(first, first + size), moving, first)
  }
}

/** What no two packs of a run have in common. */
export function nameOf ({ peer, firstStep }: Pack): string {
  return `${firstStep} ${peer}`
}
