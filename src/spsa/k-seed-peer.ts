import { integerBelow } from '../random/draw.ts'
import type { Words } from '../random/words.ts'
import type { ScalarOutcome, ScalarRequest } from '../ports.ts'
import { amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { clipLevel } from './clipping.ts'
import type { RoundClipRules } from './clipping.ts'
import { SeedImportance, drawIndex } from './importance.ts'
import type { Noise, Seed } from './noise.ts'
import { PackModel, limitsOf, nameOf } from './pack-model.ts'
import type { Pack } from './pack-model.ts'
import { WhileBusy } from './pack-player.ts'
import type { PackPlayer, PackPorts, PackReport } from './pack-player.ts'
import type { Schedule } from './schedules.ts'
import { ABSTAIN, isLevel } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { SeedPool } from './seed-pool.ts'
import type { PoolStep } from './seed-pool.ts'
import { seedOfPool } from './seeds.ts'
import type { WeightSource } from './weight-source.ts'

export interface KSeedRules extends RoundClipRules {
  readonly runId: string
  /** K, at most 65,536: two bytes name a seed. */
  readonly poolSize: number
  /** Steps that a peer takes by itself between two packs. */
  readonly localSteps: number
  readonly rounds: number
  /** Peers that the rate is for; each one's steps count for 1/peers of what they moved itself by. */
  readonly peers: number
  /** Peers whose packs are taken, for which the fixed point has room; `peers` when left out. */
  readonly room?: number | undefined
  /** ε at a step. */
  readonly epsilon: Schedule
  /** η of a local step, at most `largestLearningRate`; computed with + − × ÷ only. */
  readonly learningRate: (step: number) => number
  readonly largestLearningRate: number
  readonly codec: ScalarCodec
  readonly noise: Noise
  /** Whether seeds are drawn by how much they told before (FedKSeed-Pro) and not evenly. */
  readonly isPro: boolean
}

export interface KSeedPorts extends PackPorts {
  readonly measure: (request: ScalarRequest, done: (outcome: ScalarOutcome) => void) => void
  /** What becomes of a scalar before anybody, this peer included, hears of it: say `privateScalar`. The scalar itself when left out. */
  readonly disclose?: ((scalar: number) => number) | undefined
  /** Draws of seeds; nobody else needs to know them beforehand. */
  readonly draws: Words
}

interface LocalStep {
  readonly index: number
  readonly level: number
}

/**
 * One peer of FedKSeed (Qin et al., arXiv 2312.06353, algorithm 1) or FedKSeed-Pro. A round is `localSteps` steps along seeds of the pool that
 * move this peer alone; then they are taken back, and its pack (three bytes a step) counts for everybody alike. What all packs say together is K whole numbers, the
 * whole state of the model; as sums they are the same in whatever order packs come. Nobody is waited for: late packs count in the next round.
 */
export class KSeedPeer implements PackPlayer {
  /** What all packs said. */
  readonly pool: SeedPool
  readonly model: PackModel
  readonly #rules: KSeedRules
  readonly #ports: KSeedPorts
  readonly #fixedPoint: FixedPoint
  readonly #importance: SeedImportance
  readonly #work = new WhileBusy()
  readonly #seeds = new Map<number, Seed>()
  /** Packs that count, or will when the round under way ends. */
  readonly #known = new Map<string, Pack>()
  #step = 0
  #stopped = false
  #local: LocalStep[] = []

  /**
   * @param integers zeros, one a weight: memory that a trainer may share (`ScalarSteps.integers`)
   * @throws RangeError when so many steps do not fit into 32 bits
   */
  constructor (base: WeightSource, rules: KSeedRules, ports: KSeedPorts, integers: Int32Array = new Int32Array(base.size)) {
    this.#rules = rules
    this.#ports = ports
    this.#fixedPoint = kSeedFixedPoint(rules)
    this.#importance = new SeedImportance(rules.poolSize)
    this.pool = new SeedPool(rules.poolSize, rules.noise, index => this.#seedOf(index))
    this.model = new PackModel(base, integers, {
      noise: rules.noise, unit: this.#fixedPoint.unit, mostPacks: rules.rounds * (rules.room ?? rules.peers), clip: rules,
      movesOf: (pack, limit) => [{ contributions: this.#contributionsOf(pack, limit) }]
    })
  }

  /** θ of this peer: what all packs made of θ₀ and, within a round, its own steps. */
  get weights (): WeightSource { return this.model.weights }

  get step (): number { return this.#step }

  /** Real size of one whole number. */
  get unit (): number { return this.#fixedPoint.unit }

  /** Units that one step of one peer moves everybody by at most. */
  get largestShare (): number { return Math.ceil(this.#fixedPoint.largestAmount / this.#rules.peers) }

  start (fromRound = 0): void {
    this.#step = fromRound * this.#rules.localSteps
    this.#nextStep()
  }

  /** What it took since its last pack is lost. */
  stop (): void {
    this.#stopped = true
  }

  /** The pool takes them at once; the weights follow when they may move. */
  receive (packs: readonly Pack[]): void {
    const fitting = packs.filter(pack => !this.#refuses(pack))
    for (const pack of fitting) this.#addToPool(pack)
    if (fitting.length > 0) this.#work.whenFree(() => { this.model.add(fitting.filter(pack => this.#known.has(nameOf(pack)))) })
  }

  withdraw (pack: Pack): void {
    if (!this.#known.has(nameOf(pack))) return
    this.#changeRound(pack.firstStep, () => { this.#known.delete(nameOf(pack)) })
    this.#work.whenFree(() => { this.model.withdraw(pack) })
  }

  /**
   * Begins with the sums of packs that are not here, K numbers in place of all of them. Before anything else.
   *
   * @throws RangeError, with nothing moved, for sums that so many packs cannot have
   */
  takeOver (packs: number, sums: Int32Array): void {
    const most = packs * this.#rules.localSteps * this.largestShare
    const held = sums.reduce((total, sum) => total + Math.abs(sum), 0)
    if (sums.length !== this.#rules.poolSize || held > most) throw new RangeError(`${packs} packs cannot have moved ${sums.length} seeds by ${held} units`)
    this.pool.add(Array.from(sums, (amount, index) => ({ index, amount })))
    this.model.takeOver(packs, this.#contributionsBy(sums))
  }

  /** The sums of all packs before a step stand for them. */
  compact (step: number): { readonly sums: Int32Array } {
    const sums = this.#sumsBefore(step)
    for (const [name, { firstStep }] of this.#known) if (firstStep < step) this.#known.delete(name)
    this.model.compact(step, this.#contributionsBy(sums))
    return { sums }
  }

  #sumsBefore (step: number): Int32Array {
    const sums = this.pool.sums.slice()
    const later = [...this.#known.values()].filter(({ firstStep }) => firstStep >= step)
    for (const { index, amount } of this.#stepsOfRounds(later)) sums[index] = (sums[index] as number) - amount
    return sums
  }

  #contributionsBy (sums: Int32Array): Contribution[] {
    return Array.from(sums, (amount, index) => ({ seed: this.#seedOf(index), amount }))
  }

  #refuses (pack: Pack): boolean {
    const refusal = this.#refusalOf(pack)
    if (refusal !== undefined) this.#ports.report({ kind: 'refused', from: pack.peer, ...refusal })
    return refusal !== undefined
  }

  #refusalOf (pack: Pack): Pick<Extract<PackReport, { kind: 'refused' }>, 'code' | 'reason'> | undefined {
    const { poolSize, localSteps, rounds } = this.#rules
    const { peer, firstStep, levels, pool } = pack
    if (this.#known.has(nameOf(pack))) return { code: 'REPLAY', reason: `steps from ${firstStep} of ${peer} are counted already` }
    if (firstStep % localSteps !== 0 || firstStep < 0 || firstStep >= rounds * localSteps || levels.length !== localSteps || pool.length !== localSteps) {
      return { code: 'WRONG_STEP', reason: `${levels.length} steps from ${firstStep} are no round of ${localSteps} within ${rounds}` }
    }
    if (pool.some(seed => seed >= poolSize)) return { code: 'SEED_OUTSIDE_POOL', reason: `${peer} names seeds outside the run's pool of ${poolSize}` }
    if (!levels.every(isLevel)) return { code: 'BAD_LEVEL', reason: `${peer} sends levels that no scalar has` }
    return undefined
  }

  #nextStep (): void {
    const { rounds, localSteps, epsilon } = this.#rules
    if (this.#stopped) { this.#end('stopped', 'it was stopped'); return }
    if (this.#step >= rounds * localSteps) { this.#end('done', 'all rounds are done'); return }
    this.#work.begin()
    const index = this.#drawSeed()
    this.#ports.measure({ step: this.#step, epsilon: epsilon(this.#step), directions: [{ seed: this.#seedOf(index) }] }, outcome => {
      if (outcome.kind === 'measured') this.#finishStep(index, outcome)
      else this.#end(outcome.kind, outcome.kind === 'failed' ? outcome.reason : 'it was stopped')
    })
  }

  #drawSeed (): number {
    const { isPro, poolSize } = this.#rules
    return isPro ? drawIndex(this.#importance.probabilities(), this.#ports.draws) : integerBelow(this.#ports.draws, poolSize)
  }

  /** A loss that is no number abstains. */
  #finishStep (index: number, { losses: [losses], tokens }: Extract<ScalarOutcome, { kind: 'measured' }>): void {
    const { codec, epsilon, largestLevel, localSteps } = this.#rules
    const { above, below } = losses ?? { above: NaN, below: NaN }
    const scalar = (above - below) / (2 * epsilon(this.#step))
    const level = Number.isFinite(scalar) ? clipLevel(codec.encode(this.#ports.disclose?.(scalar) ?? scalar), largestLevel) : ABSTAIN
    this.model.moveOwn({ seed: this.#seedOf(index), amount: this.#amountOf(level, this.#step, 1) })
    this.#local.push({ index, level })
    this.#ports.report({ kind: 'step', step: this.#step, loss: (above + below) / 2, level, tokens })
    this.#step++
    if (this.#step % localSteps === 0) this.#finishRound()
    else this.#nextStep()
  }

  /** Own steps go, and come back as everybody counts them. */
  #finishRound (): void {
    const { localSteps } = this.#rules
    const pack = {
      peer: this.#ports.peer, firstStep: this.#step - localSteps,
      levels: Int8Array.from(this.#local, ({ level }) => level), pool: Uint16Array.from(this.#local, ({ index }) => index)
    }
    this.#takeBack()
    this.#ports.send(pack, () => {
      this.#addToPool(pack)
      this.model.add([pack])
      const others = this.#work.end()
      this.#ports.report({ kind: 'round', round: this.#step / localSteps, others, reason: `counted ${localSteps} steps of its own and ${others} packs of others` })
      this.#nextStep()
    })
  }

  #takeBack (): void {
    this.model.takeBack()
    this.#local = []
  }

  #end (how: 'done' | 'stopped' | 'failed', reason: string): void {
    this.#step -= this.#local.length
    this.#takeBack()
    this.#work.end()
    this.#ports.report({ kind: 'ended', how, reason })
  }

  #addToPool (pack: Pack): void {
    this.#changeRound(pack.firstStep, () => { this.#known.set(nameOf(pack), pack) })
    const limit = limitsOf(this.#round(pack.firstStep), this.#rules).get(pack.firstStep) as number
    pack.levels.forEach((level, at) => { this.#importance.observe(pack.pool[at] ?? -1, this.#rules.codec.decode(clipLevel(level, limit))) })
  }

  /** One pack more or less changes what is usual in its round, and so what the others of it count. */
  #changeRound (firstStep: number, change: () => void): void {
    this.pool.remove(this.#stepsOfRounds(this.#round(firstStep)))
    change()
    this.pool.add(this.#stepsOfRounds(this.#round(firstStep)))
  }

  #round (first: number): Pack[] {
    return [...this.#known.values()].filter(({ firstStep }) => firstStep === first)
  }

  /** @param packs all of their rounds that are known */
  #stepsOfRounds (packs: readonly Pack[]): PoolStep[] {
    const limits = limitsOf(packs, this.#rules)
    return packs.flatMap(pack => this.#poolSteps(pack, limits.get(pack.firstStep) as number))
  }

  #poolSteps ({ firstStep, levels, pool }: Pack, limit: number): PoolStep[] {
    const share = 1 / this.#rules.peers
    return Array.from(levels, (level, at) => ({ index: pool[at] ?? -1, amount: this.#amountOf(clipLevel(level, limit), firstStep + at, share) }))
  }

  #contributionsOf (pack: Pack, limit: number): Contribution[] {
    return this.#poolSteps(pack, limit).map(({ index, amount }) => ({ seed: this.#seedOf(index), amount }))
  }

  #amountOf (level: number, step: number, share: number): number {
    const { codec, learningRate } = this.#rules
    return amountOf(learningRate(step) * codec.decode(level) * share, this.#fixedPoint)
  }

  #seedOf (index: number): Seed {
    const seed = this.#seeds.get(index) ?? seedOfPool(this.#rules.runId, index)
    this.#seeds.set(index, seed)
    return seed
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
