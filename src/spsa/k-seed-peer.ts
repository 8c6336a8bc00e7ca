import { integerBelow } from '../random/draw.ts'
import type { Words } from '../random/words.ts'
import type { ScalarOutcome, ScalarRequest } from '../ports.ts'
import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from './accumulator.ts'
import type { FixedPoint } from './accumulator.ts'
import { clipLevel } from './clipping.ts'
import { SeedImportance, drawIndex } from './importance.ts'
import type { Noise, Seed } from './noise.ts'
import { ABSTAIN, isLevel } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { SeedPool } from './seed-pool.ts'
import type { PoolStep } from './seed-pool.ts'
import { seedOfPool } from './seeds.ts'
import type { WeightSource } from './weight-source.ts'

export interface KSeedRules {
  readonly runId: string
  /** K, at most 65,536: two bytes name a seed. */
  readonly poolSize: number
  /** Steps that a peer takes by itself between two packs. */
  readonly localSteps: number
  readonly rounds: number
  /** Peers that take part; each one's steps count for 1/peers of what they moved itself by. */
  readonly peers: number
  readonly epsilon: number
  /** η of a local step, at most `largestLearningRate`; computed with + − × ÷ only. */
  readonly learningRate: (step: number) => number
  readonly largestLearningRate: number
  readonly codec: ScalarCodec
  /** The largest level that counts. */
  readonly largestLevel: number
  readonly noise: Noise
  /** Whether seeds are drawn by how much they told before (FedKSeed-Pro) and not evenly. */
  readonly isPro: boolean
}

/** What one peer found in one round: three bytes a step, which a ledger's entry carries. */
export interface KSeedPack {
  readonly peer: string
  readonly firstStep: number
  readonly levels: Int8Array
  /** Which seed each level is about. */
  readonly pool: Uint16Array
}

export type KSeedReport =
  | { readonly kind: 'step', readonly step: number, readonly loss: number, readonly seed: number, readonly level: number }
  | { readonly kind: 'round', readonly round: number, readonly reason: string }
  | { readonly kind: 'refused', readonly from: string, readonly code: 'REPLAY' | 'WRONG_STEP' | 'SEED_OUTSIDE_POOL' | 'BAD_LEVEL', readonly reason: string }
  | { readonly kind: 'ended', readonly reason: string }

export interface KSeedPorts {
  readonly peer: string
  readonly measure: (request: ScalarRequest, done: (outcome: ScalarOutcome) => void) => void
  /** To everybody else; whoever carries it signs it, and vouches for who sent what arrives (`Ledger.admit`). */
  readonly send: (pack: KSeedPack) => void
  readonly report: (event: KSeedReport) => void
  /** What becomes of a scalar before anybody, this peer included, hears of it: say `privateScalar`. The scalar itself when left out. */
  readonly disclose?: (scalar: number) => number
  /** Draws of seeds; nobody else needs to know them beforehand. */
  readonly draws: Words
}

/**
 * One peer of FedKSeed (Qin et al., arXiv 2312.06353, algorithm 1) or FedKSeed-Pro. A round is `localSteps` steps along seeds of the pool that
 * move this peer alone; then they are taken back, and its pack counts for everybody alike. What all packs say together is K whole numbers, the
 * whole state of the model; as sums they are the same in whatever order packs come. Nobody is waited for: late packs count in the next round.
 */
export class KSeedPeer {
  readonly pool: SeedPool
  /** θ of this peer: what all packs made of θ₀ and, within a round, its own steps. */
  readonly weights: WeightSource
  readonly #rules: KSeedRules
  readonly #ports: KSeedPorts
  readonly #fixedPoint: FixedPoint
  readonly #accumulator: Accumulator
  readonly #importance: SeedImportance
  #step = 0
  #stopped = false
  #inRound = false
  #local: Array<{ readonly index: number, readonly level: number, readonly amount: number }> = []
  #waiting: Array<() => void> = []
  readonly #counted = new Set<string>()

  /**
   * @param integers zeros, one a weight: memory that a trainer may share (`ScalarSteps.integers`)
   * @throws RangeError when so many steps do not fit into 32 bits
   */
  constructor (base: WeightSource, rules: KSeedRules, ports: KSeedPorts, integers = new Int32Array(base.size)) {
    this.#rules = rules
    this.#ports = ports
    this.#fixedPoint = kSeedFixedPoint(rules)
    this.#accumulator = new Accumulator(integers, rules.noise)
    this.#importance = new SeedImportance(rules.poolSize)
    this.pool = new SeedPool(rules.poolSize, rules.noise, index => seedOfPool(rules.runId, index))
    this.weights = accumulatedWeights(base, this.#accumulator, this.#fixedPoint.unit)
  }

  /** Local steps taken so far, of all rounds. */
  get step (): number {
    return this.#step
  }

  /** Real size of one whole number. */
  get unit (): number {
    return this.#fixedPoint.unit
  }

  /** Steps until the last round's end or `stop`. Call it once. */
  start (): void {
    this.#inRound = true
    this.#nextStep()
  }

  /** Takes no more steps; what it took since its last pack is lost, and others' packs still count. */
  stop (): void {
    this.#stopped = true
  }

  /** Counts a pack, at once or after the round under way; what does not fit the run is refused with a reason, and nothing moves. */
  receive (pack: KSeedPack): void {
    const refusal = this.#refusalOf(pack)
    if (refusal !== undefined) { this.#ports.report({ kind: 'refused', from: pack.peer, ...refusal }); return }
    this.#counted.add(nameOf(pack))
    this.#later(() => { this.#count(pack, 1) })
  }

  /** Counts a pack no longer, say because its author contradicted itself. */
  withdraw (pack: KSeedPack): void {
    if (this.#counted.delete(nameOf(pack))) this.#later(() => { this.#count(pack, -1) })
  }

  #refusalOf (pack: KSeedPack): Pick<Extract<KSeedReport, { kind: 'refused' }>, 'code' | 'reason'> | undefined {
    const { poolSize, localSteps, rounds } = this.#rules
    const { peer, firstStep, levels, pool } = pack
    if (this.#counted.has(nameOf(pack))) return { code: 'REPLAY', reason: `steps from ${firstStep} of ${peer} are counted already` }
    if (firstStep % localSteps !== 0 || firstStep < 0 || firstStep >= rounds * localSteps || levels.length !== localSteps || pool.length !== localSteps) {
      return { code: 'WRONG_STEP', reason: `${levels.length} steps from ${firstStep} are no round of ${localSteps} within ${rounds}` }
    }
    if (pool.some(seed => seed >= poolSize)) return { code: 'SEED_OUTSIDE_POOL', reason: `${peer} names seeds outside the run's pool of ${poolSize}` }
    if (!levels.every(isLevel)) return { code: 'BAD_LEVEL', reason: `${peer} sends levels that no scalar has` }
    return undefined
  }

  #later (work: () => void): void {
    if (this.#inRound) this.#waiting.push(work)
    else work()
  }

  #nextStep (): void {
    const { rounds, localSteps, epsilon } = this.#rules
    if (this.#stopped || this.#step >= rounds * localSteps) { this.#end(this.#stopped ? 'it was stopped' : 'all rounds are done'); return }
    const index = this.#drawSeed()
    this.#ports.measure({ step: this.#step, epsilon, directions: [{ seed: this.#seedOf(index) }] }, outcome => {
      const [losses] = outcome.kind === 'measured' ? outcome.losses : []
      if (losses === undefined) this.#end(outcome.kind === 'failed' ? outcome.reason : 'it was stopped')
      else this.#finishStep(index, losses.above, losses.below)
    })
  }

  #drawSeed (): number {
    const { isPro, poolSize } = this.#rules
    return isPro ? drawIndex(this.#importance.probabilities(), this.#ports.draws) : integerBelow(this.#ports.draws, poolSize)
  }

  #finishStep (index: number, above: number, below: number): void {
    const { codec, epsilon, largestLevel, localSteps } = this.#rules
    const scalar = (above - below) / (2 * epsilon)
    const level = Number.isFinite(scalar) ? clipLevel(codec.encode(this.#ports.disclose?.(scalar) ?? scalar), largestLevel) : ABSTAIN
    const amount = this.#amountOf(level, this.#step, 1)
    this.#accumulator.add([{ seed: this.#seedOf(index), amount }])
    this.#local.push({ index, level, amount })
    this.#ports.report({ kind: 'step', step: this.#step, loss: (above + below) / 2, seed: index, level })
    this.#step++
    if (this.#step % localSteps === 0) this.#finishRound()
    this.#nextStep()
  }

  /** Own steps go, and come back as everybody counts them. */
  #finishRound (): void {
    const { localSteps } = this.#rules
    const pack = {
      peer: this.#ports.peer, firstStep: this.#step - localSteps,
      levels: Int8Array.from(this.#local, ({ level }) => level), pool: Uint16Array.from(this.#local, ({ index }) => index)
    }
    this.#takeBack()
    this.#counted.add(nameOf(pack))
    this.#count(pack, 1)
    const others = this.#catchUp()
    this.#ports.send(pack)
    this.#ports.report({ kind: 'round', round: this.#step / localSteps, reason: `counted ${localSteps} steps of its own and ${others} packs of others` })
  }

  #takeBack (): void {
    this.#accumulator.remove(this.#local.map(({ index, amount }) => ({ seed: this.#seedOf(index), amount })))
    this.#local = []
  }

  #catchUp (): number {
    const waiting = this.#waiting
    this.#waiting = []
    for (const work of waiting) work()
    return waiting.length
  }

  #end (reason: string): void {
    this.#takeBack()
    this.#inRound = false
    this.#catchUp()
    this.#ports.report({ kind: 'ended', reason })
  }

  #count ({ firstStep, levels, pool }: KSeedPack, sign: 1 | -1): void {
    const { codec, peers, largestLevel } = this.#rules
    const steps = Array.from(levels, (level, at): PoolStep => ({
      index: pool[at] ?? -1, amount: sign * this.#amountOf(clipLevel(level, largestLevel), firstStep + at, 1 / peers)
    }))
    this.pool.add(steps)
    this.#accumulator.add(sumsOf(steps).map(({ index, amount }) => ({ seed: this.#seedOf(index), amount })))
    if (sign > 0) levels.forEach((level, at) => { this.#importance.observe(pool[at] ?? -1, codec.decode(level)) })
  }

  #amountOf (level: number, step: number, share: number): number {
    const { codec, learningRate } = this.#rules
    return amountOf(learningRate(step) * codec.decode(level) * share, this.#fixedPoint)
  }

  #seedOf (index: number): Seed {
    return seedOfPool(this.#rules.runId, index)
  }
}

/**
 * The run's fixed point: room for every peer's every step at its share and one round of a peer's own at its full size, twice: for what
 * rounding adds to small shares, and for packs that are withdrawn.
 *
 * @throws RangeError when so many steps do not fit into 32 bits
 */
export function kSeedFixedPoint ({ largestLearningRate, codec, largestLevel, rounds, localSteps, noise }: KSeedRules): FixedPoint {
  return fixedPoint(largestLearningRate * codec.decode(largestLevel), 2 * (rounds + 1) * localSteps, noise)
}

function nameOf ({ peer, firstStep }: KSeedPack): string {
  return `${firstStep} ${peer}`
}

/** One amount a seed. */
function sumsOf (steps: readonly PoolStep[]): PoolStep[] {
  const sums = new Map<number, number>()
  for (const { index, amount } of steps) sums.set(index, (sums.get(index) ?? 0) + amount)
  return [...sums].map(([index, amount]) => ({ index, amount }))
}
