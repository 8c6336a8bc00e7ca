import { integerBelow } from '../random/draw.ts'
import type { Words } from '../random/words.ts'
import type { ScalarOutcome, ScalarRequest } from '../ports.ts'
import { clipLevel } from './clipping.ts'
import type { RoundClipRules } from './clipping.ts'
import { SeedImportance, drawIndex } from './importance.ts'
import { KSeedArithmetic } from './k-seed-arithmetic.ts'
import type { Noise } from './noise.ts'
import type { PackAnswers, PackTask } from './pack-keeper.ts'
import { limitsOf, nameOf } from './pack-model.ts'
import type { Pack } from './pack-model.ts'
import { WhileBusy } from './pack-player.ts'
import type { PackPlayer, PackPorts, PackReport, PackStart } from './pack-player.ts'
import type { Schedule } from './schedules.ts'
import { ABSTAIN, isLevel } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { SeedPool } from './seed-pool.ts'
import { asking } from './task-worker.ts'
import type { Ask } from './task-worker.ts'

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
  readonly #rules: KSeedRules
  readonly #ports: KSeedPorts
  readonly #arithmetic: KSeedArithmetic
  readonly #ask: Ask<PackTask, PackAnswers>
  readonly #importance: SeedImportance
  readonly #work = new WhileBusy()
  /** Packs that count, or will when the round under way ends. */
  readonly #known = new Map<string, Pack>()
  #step = 0
  #stopped = false
  #isOver = false
  #local: LocalStep[] = []

  /** @throws RangeError when so many steps do not fit into 32 bits */
  constructor (rules: KSeedRules, ports: KSeedPorts) {
    this.#rules = rules
    this.#ports = ports
    this.#arithmetic = new KSeedArithmetic(rules)
    this.#ask = asking(ports.keeper, reason => { this.#end('failed', reason) })
    this.#importance = new SeedImportance(rules.poolSize)
    this.pool = new SeedPool(rules.poolSize, rules.noise, index => this.#arithmetic.seedOf(index))
  }

  get step (): number { return this.#step }

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
    if (fitting.length > 0) this.#work.whenFree(() => { this.#ask({ kind: 'move', added: fitting.filter(pack => this.#known.has(nameOf(pack))), withdrawn: [] }) })
  }

  withdraw (pack: Pack): void {
    if (!this.#known.has(nameOf(pack))) return
    this.#changeRound(pack.firstStep, () => { this.#known.delete(nameOf(pack)) })
    this.#work.whenFree(() => { this.#ask({ kind: 'move', added: [], withdrawn: [pack] }) })
  }

  /**
   * Begins with the sums of packs that are not here, K numbers in place of all of them, as whoever keeps the weights does. Before anything else.
   *
   * @throws RangeError, with nothing moved, for sums that so many packs cannot have
   */
  takeOver (packs: number, sums: Int32Array): void {
    this.#arithmetic.checkSums(packs, sums)
    this.pool.add(Array.from(sums, (amount, index) => ({ index, amount })))
  }

  /** The sums of all packs before a step stand for them. */
  compact (step: number, done: (stands: Pick<PackStart, 'sums'>) => void): void {
    const sums = this.#sumsBefore(step)
    for (const [name, { firstStep }] of this.#known) if (firstStep < step) this.#known.delete(name)
    this.#ask({ kind: 'compact', step, sums })
    done({ sums })
  }

  #sumsBefore (step: number): Int32Array {
    const sums = this.pool.sums.slice()
    const later = [...this.#known.values()].filter(({ firstStep }) => firstStep >= step)
    for (const { index, amount } of this.#arithmetic.stepsOfRounds(later)) sums[index] = (sums[index] as number) - amount
    return sums
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
    this.#ports.measure({ step: this.#step, epsilon: epsilon(this.#step), directions: [{ seed: this.#arithmetic.seedOf(index) }] }, outcome => {
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
    this.#ask({ kind: 'own', contribution: this.#arithmetic.contributionOf({ index, amount: this.#arithmetic.amountOf(level, this.#step, 1) }) })
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
      this.#ask({ kind: 'move', added: [pack], withdrawn: [] })
      const others = this.#work.end()
      this.#ports.report({ kind: 'round', round: this.#step / localSteps, others, reason: `counted ${localSteps} steps of its own and ${others} packs of others` })
      this.#nextStep()
    })
  }

  #takeBack (): void {
    this.#ask({ kind: 'takeBack' })
    this.#local = []
  }

  #end (how: 'done' | 'stopped' | 'failed', reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
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
    this.pool.remove(this.#arithmetic.stepsOfRounds(this.#round(firstStep)))
    change()
    this.pool.add(this.#arithmetic.stepsOfRounds(this.#round(firstStep)))
  }

  #round (first: number): Pack[] {
    return [...this.#known.values()].filter(({ firstStep }) => firstStep === first)
  }
}
