import { amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { clipLevel } from './clipping.ts'
import type { KSeedRules } from './k-seed-peer.ts'
import type { Seed } from './noise.ts'
import type { PackArithmetic } from './pack-keeper.ts'
import { limitsOf } from './pack-model.ts'
import type { Pack, PackModelRules } from './pack-model.ts'
import type { PoolStep } from './seed-pool.ts'
import { seedOfPool } from './seeds.ts'

/** What packs of FedKSeed mean, for whoever keeps their sums and whoever keeps the weights. */
export class KSeedArithmetic implements PackArithmetic {
  readonly model: PackModelRules
  readonly #rules: KSeedRules
  readonly #fixedPoint: FixedPoint
  readonly #seeds = new Map<number, Seed>()

  /** @throws RangeError when so many steps do not fit into 32 bits */
  constructor (rules: KSeedRules) {
    this.#rules = rules
    this.#fixedPoint = kSeedFixedPoint(rules)
    this.model = {
      noise: rules.noise, unit: this.#fixedPoint.unit, mostPacks: rules.rounds * (rules.room ?? rules.peers), clip: rules,
      movesOf: (pack, limit) => [{ contributions: this.#poolSteps(pack, limit).map(step => this.contributionOf(step)) }]
    }
  }

  /** Units that one step of one peer moves everybody by at most. */
  get largestShare (): number { return Math.ceil(this.#fixedPoint.largestAmount / this.#rules.peers) }

  seedOf (index: number): Seed {
    const seed = this.#seeds.get(index) ?? seedOfPool(this.#rules.runId, index)
    this.#seeds.set(index, seed)
    return seed
  }

  contributionOf ({ index, amount }: PoolStep): Contribution { return { seed: this.seedOf(index), amount } }

  contributionsBy (sums: Int32Array): Contribution[] { return Array.from(sums, (amount, index) => this.contributionOf({ index, amount })) }

  /** Units of a step. @param share of it that counts */
  amountOf (level: number, step: number, share: number): number {
    const { codec, learningRate } = this.#rules
    return amountOf(learningRate(step) * codec.decode(level) * share, this.#fixedPoint)
  }

  /** @param packs all of their rounds that are known */
  stepsOfRounds (packs: readonly Pack[]): PoolStep[] {
    const limits = limitsOf(packs, this.#rules)
    return packs.flatMap(pack => this.#poolSteps(pack, limits.get(pack.firstStep) as number))
  }

  /** @throws RangeError for sums that so many packs cannot have */
  checkSums (packs: number, sums: Int32Array): void {
    const most = packs * this.#rules.localSteps * this.largestShare
    const held = sums.reduce((total, sum) => total + Math.abs(sum), 0)
    if (sums.length !== this.#rules.poolSize || held > most) throw new RangeError(`${packs} packs cannot have moved ${sums.length} seeds by ${held} units`)
  }

  #poolSteps ({ firstStep, levels, pool }: Pack, limit: number): PoolStep[] {
    const share = 1 / this.#rules.peers
    return Array.from(levels, (level, at) => ({ index: pool[at] ?? -1, amount: this.amountOf(clipLevel(level, limit), firstStep + at, share) }))
  }
}

/**
 * The run's fixed point: room for every peer's every step at its share and one round of a peer's own at its full size, twice: for what rounding adds to small
 * shares.
 *
 * @throws RangeError when so many steps do not fit into 32 bits
 */
export function kSeedFixedPoint (rules: Pick<KSeedRules, 'largestLearningRate' | 'codec' | 'largestLevel' | 'rounds' | 'localSteps' | 'peers' | 'room' | 'noise'>): FixedPoint {
  const { largestLearningRate, codec, largestLevel, rounds, localSteps, peers, room = peers, noise } = rules
  return fixedPoint(largestLearningRate * codec.decode(largestLevel), 2 * Math.ceil((rounds * room / peers + 1) * localSteps), noise)
}
