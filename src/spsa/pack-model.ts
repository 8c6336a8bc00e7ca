import { movedWeights, negated, perDirection } from './accumulator.ts'
import { limitOfRound } from './clipping.ts'
import type { RoundClipRules } from './clipping.ts'
import type { Block } from './ferret.ts'
import type { Contribution, Noise } from './noise.ts'
import { heldWeights, readAll } from './weight-source.ts'
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
  /** Of an epoch: more packs could overflow 32 bits. */
  readonly mostPacks: number
  /** Steps after which the weights are rounded to floats, which later packs start from, so that those stand for what came before; one epoch for the whole run where it is left out. */
  readonly epochSteps?: number | undefined
  readonly clip: RoundClipRules
  /** What a pack says where no level counts beyond a limit; a function of these two alone. */
  readonly movesOf: (pack: Pack, limit: number) => readonly Move[]
}

interface Epoch {
  readonly index: number
  /** What the epochs before it made. */
  base: WeightSource
  integers: Int32Array
  readonly packs: Map<string, Pack>
}

/**
 * θ₀ plus a set of packs, as whole numbers, each round's clipped by what is usual in it: equal sets are equal bits, whatever came when. Beside the packs it carries what a peer moves only itself by
 * within a round, which goes again exactly.
 */
export class PackModel {
  /** θ: θ₀, all packs, and the peer's own steps of the round under way. */
  readonly weights: WeightSource
  readonly #rules: PackModelRules
  /** The newest epoch's sums, in the memory that was given. */
  readonly #integers: Int32Array
  /** In their order; the first one's base is where this model begins. */
  #epochs: [Epoch, ...Epoch[]]
  #own: Contribution[] = []
  /** Sums that stand for packs that are not here. */
  #takenOver: { readonly packs: number, readonly contributions: readonly Contribution[] } = { packs: 0, contributions: [] }

  /**
   * @param base what stands for all packs before `fromStep`, between two epochs
   * @param integers zeros, one a weight: memory that a trainer may share (`ScalarSteps.integers`)
   */
  constructor (base: WeightSource, integers: Int32Array, rules: PackModelRules, fromStep = 0) {
    this.#rules = rules
    this.#integers = integers
    this.#epochs = [{ index: this.#epochOf(fromStep), base, integers, packs: new Map() }]
    this.weights = this.#moved({ size: base.size, read: (first, target) => { this.#newest.base.read(first, target) } }, integers)
  }

  has (pack: Pack): boolean {
    return this.#find(pack) !== undefined
  }

  /**
   * Counts packs; those counted already change nothing. One pass over the weights for all of an epoch, in which each direction is made once.
   *
   * @throws RangeError, with nothing moved, when an epoch could have more than the rules' packs, or for packs from before this model begins
   */
  add (packs: readonly Pack[]): void {
    const fresh = [...new Map(packs.map(pack => [nameOf(pack), pack])).values()].filter(pack => !this.has(pack))
    const groups = this.#byEpoch(fresh)
    for (const [index, group] of groups) this.#checkRoom(index, group.length)
    for (const [index, group] of groups) {
      const epoch = this.#epochAt(index)
      const before = roundsOf(epoch.packs, group)
      for (const pack of group) epoch.packs.set(nameOf(pack), pack)
      this.#exchange(epoch.integers, before, roundsOf(epoch.packs, group))
    }
    this.#rebase(Math.min(...groups.keys()))
  }

  /** Counts a pack no longer; false for one that never counted. */
  withdraw (pack: Pack): boolean {
    const held = this.#find(pack)
    if (held === undefined) return false
    const epoch = this.#epochAt(this.#epochOf(pack.firstStep))
    const before = roundsOf(epoch.packs, [held])
    epoch.packs.delete(nameOf(pack))
    this.#exchange(epoch.integers, before, roundsOf(epoch.packs, [held]))
    this.#rebase(epoch.index)
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
    const [first] = this.#epochs
    const groups = new Map([[first.index, [] as Pack[]], ...this.#byEpoch(packs)])
    return [...groups].reduce((source, [index, group]) => this.#moved(source, this.#sumsBy(index, group)), first.base)
  }

  /** Of all packs that are counted, those before `step`. */
  before (step: number): Pack[] {
    return this.#epochs.flatMap(({ packs }) => [...packs.values()]).filter(({ firstStep }) => firstStep < step)
  }

  /** Makes the sums from nothing again: for whoever doubts his memory. */
  rebuild (): void {
    for (const { integers, packs } of this.#epochs) {
      integers.fill(0)
      this.#exchange(integers, [], [...packs.values()])
    }
    this.#accumulate(this.#epochs[0].integers, this.#takenOver.contributions)
    this.#accumulate(this.#integers, this.#own)
    this.#rebase(-Infinity)
  }

  /**
   * Forgets the packs before `step`, between two epochs, whose weights stay.
   *
   * @param contributions sums that stand for them, in a run of one epoch
   */
  compact (step: number, contributions?: readonly Contribution[]): void {
    if (contributions === undefined) {
      const { index } = this.#epochAt(this.#epochOf(step))
      this.#epochs = this.#epochs.filter(epoch => epoch.index >= index) as [Epoch, ...Epoch[]]
      return
    }
    const leaving = this.before(step)
    for (const pack of leaving) this.#epochs[0].packs.delete(nameOf(pack))
    this.#takenOver = { packs: this.#takenOver.packs + leaving.length, contributions }
  }

  get #newest (): Epoch { return this.#epochs[this.#epochs.length - 1] as Epoch }

  #epochOf (step: number): number { return Math.floor(step / (this.#rules.epochSteps ?? Infinity)) }

  #find (pack: Pack): Pack | undefined {
    const index = this.#epochOf(pack.firstStep)
    return this.#epochs.find(epoch => epoch.index === index)?.packs.get(nameOf(pack))
  }

  #byEpoch (packs: readonly Pack[]): Map<number, Pack[]> {
    const groups = new Map<number, Pack[]>()
    for (const pack of packs) groups.set(this.#epochOf(pack.firstStep), [...groups.get(this.#epochOf(pack.firstStep)) ?? [], pack])
    return new Map([...groups].sort(([one], [other]) => one - other))
  }

  #checkRoom (index: number, coming: number): void {
    const { mostPacks } = this.#rules
    if (index < this.#epochs[0].index) throw new RangeError('these packs are of steps that weights stand for already')
    const held = this.#epochs.find(epoch => epoch.index === index)?.packs.size ?? 0
    if (held + this.#takenOver.packs + coming > mostPacks) throw new RangeError(`no more than ${mostPacks} packs fit ${this.#rules.epochSteps === undefined ? 'into this run' : 'between two snapshots'}`)
  }

  /** An epoch; one later than all others takes over the memory that was given. */
  #epochAt (index: number): Epoch {
    const found = this.#epochs.find(epoch => epoch.index === index)
    if (found !== undefined) return found
    const newest = this.#newest
    const made: Epoch = { index, base: newest.base, integers: new Int32Array(this.#integers.length), packs: new Map() }
    if (index > newest.index) {
      const own = this.#own
      this.takeBack()
      newest.integers = this.#integers.slice()
      made.integers = this.#integers
      this.#integers.fill(0)
      for (const contribution of own) this.moveOwn(contribution)
    }
    this.#epochs = [...this.#epochs, made].sort((one, other) => one.index - other.index) as [Epoch, ...Epoch[]]
    this.#rebase(-Infinity)
    return made
  }

  /** Brings the bases of the epochs after one to what those before them make. */
  #rebase (from: number): void {
    this.#epochs.reduce((before, epoch) => {
      if (before.index >= from) epoch.base = heldWeights(readAll(this.#moved(before.base, before.integers)))
      return epoch
    })
  }

  /** The sums that these packs of an epoch make. */
  #sumsBy (index: number, packs: readonly Pack[]): Int32Array {
    const wanted = new Map(packs.map(pack => [nameOf(pack), pack]))
    const epoch = this.#epochs.find(other => other.index === index)
    const held = epoch?.packs ?? new Map<string, Pack>()
    const integers = epoch?.integers.slice() ?? new Int32Array(this.#integers.length)
    if (epoch === this.#newest) this.#accumulate(integers, negated(this.#own))
    const changed = [...[...held].filter(([name]) => !wanted.has(name)), ...[...wanted].filter(([name]) => !held.has(name))].map(([, pack]) => pack)
    this.#exchange(integers, roundsOf(held, changed), roundsOf(wanted, changed))
    return integers
  }

  #moved (base: WeightSource, integers: Int32Array): WeightSource {
    return movedWeights(base, integers, this.#rules.unit / this.#rules.noise.integersPerUnit)
  }

  /** Takes some rounds' packs back and gives others: a level that counts as it did costs no pass. */
  #exchange (integers: Int32Array, taken: readonly Pack[], given: readonly Pack[]): void {
    const blocks = new Map<string, { readonly block: Block | undefined, readonly contributions: Contribution[] }>()
    for (const { block, contributions } of [...negatedMoves(this.#movesOf(taken)), ...this.#movesOf(given)]) {
      const name = block === undefined ? '' : `${block.first} ${block.size}`
      const known = blocks.get(name) ?? { block, contributions: [] }
      blocks.set(name, known)
      known.contributions.push(...contributions)
    }
    for (const { block, contributions } of blocks.values()) this.#accumulate(integers, contributions, block)
  }

  /** What whole rounds say. */
  #movesOf (packs: readonly Pack[]): Move[] {
    const limits = limitsOf(packs, this.#rules.clip)
    return packs.flatMap(pack => this.#rules.movesOf(pack, limits.get(pack.firstStep) as number))
  }

  #accumulate (integers: Int32Array, contributions: readonly Contribution[], { first, size }: Block = { first: 0, size: integers.length }): void {
    const moving = perDirection(contributions)
    if (moving.length > 0) this.#rules.noise.accumulate(integers.subarray(first, first + size), moving, first)
  }
}

/** All packs of the rounds that others are of. */
function roundsOf (packs: ReadonlyMap<string, Pack>, others: readonly Pack[]): Pack[] {
  const rounds = new Set(others.map(({ firstStep }) => firstStep))
  return [...packs.values()].filter(({ firstStep }) => rounds.has(firstStep))
}

function negatedMoves (moves: readonly Move[]): Move[] {
  return moves.map(({ block, contributions }) => ({ block, contributions: negated(contributions) }))
}

/** The largest level that counts in each round of these packs, by its first step. @param packs all that there are of these rounds */
export function limitsOf (packs: readonly Pick<Pack, 'firstStep' | 'levels'>[], clip: RoundClipRules): ReadonlyMap<number, number> {
  const levels = new Map<number, number[]>()
  for (const pack of packs) levels.set(pack.firstStep, [...levels.get(pack.firstStep) ?? [], ...pack.levels])
  return new Map([...levels].map(([firstStep, all]) => [firstStep, limitOfRound(all, clip)]))
}

/** What no two packs of a run have in common. */
export function nameOf ({ peer, firstStep }: Pick<Pack, 'peer' | 'firstStep'>): string {
  return `${firstStep} ${peer}`
}
