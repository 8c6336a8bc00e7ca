import type { TrainingOutcome } from '../ports.ts'
import { amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { clipLevel } from './clipping.ts'
import type { RoundClipRules } from './clipping.ts'
import { allocateDirections, coordinatesOf, shrinkage } from './ferret.ts'
import type { Block } from './ferret.ts'
import type { Noise } from './noise.ts'
import { PackModel } from './pack-model.ts'
import type { Move, Pack } from './pack-model.ts'
import { WhileBusy } from './pack-player.ts'
import type { PackPlayer, PackPorts, PackReport } from './pack-player.ts'
import { ABSTAIN, isLevel } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { seedsOfRound } from './seeds.ts'
import { readAll } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

export interface FerretRules extends RoundClipRules {
  readonly runId: string
  /** They cover the weights that are trained, and do not overlap; at most 65,536. */
  readonly blocks: readonly Block[]
  /** Coordinates that a peer sends in a round, over all blocks. */
  readonly directions: number
  /** First-order steps between two packs. */
  readonly localSteps: number
  readonly rounds: number
  /** Rounds after which the weights are rounded to floats, which stand for the packs before; none when left out. */
  readonly epochRounds?: number | undefined
  /** Peers that take part; each one's update counts for 1/peers. */
  readonly peers: number
  /** Peers whose packs are taken, for which the fixed point has room; `peers` when left out. */
  readonly room?: number | undefined
  readonly noise: Noise
  /** How coordinates become bytes, after they were shrunk. */
  readonly codec: ScalarCodec
}

export interface FerretPorts extends PackPorts {
  /** θ, which `train` moves; this peer writes φ into it before each round. */
  readonly weights: Float32Array
  /** Takes so many more steps. */
  readonly train: (steps: number, done: (outcome: TrainingOutcome) => void) => void
}

/**
 * One peer of Ferret (Shu et al., arXiv 2409.06277, algorithm 1): local first-order steps move it from the common φ, and what travels is the move's
 * coordinates on seeded directions, block by block, shrunk by what their error costs, in a signed logarithmic byte each: its ±6.5 % is little beside that error. Everybody rebuilds
 * every pack, its author too; as sums of whole numbers φ is the same bits for the same set of packs. Nobody is waited for: late packs count in the next round.
 */
export class FerretPeer implements PackPlayer {
  readonly model: PackModel
  readonly #rules: FerretRules
  readonly #ports: FerretPorts
  readonly #fixedPoint: FixedPoint
  readonly #work = new WhileBusy()
  #round = 0
  #stopped = false

  /**
   * @param fromStep whose packs, and all later ones, the base does not stand for: between two epochs
   * @throws RangeError when so many coordinates do not fit into 32 bits
   */
  constructor (base: WeightSource, rules: FerretRules, ports: FerretPorts, fromStep = 0) {
    this.#rules = rules
    this.#ports = ports
    this.#fixedPoint = ferretFixedPoint(rules)
    this.model = new PackModel(base, new Int32Array(base.size), {
      noise: rules.noise, unit: this.#fixedPoint.unit, mostPacks: epochOf(rules) * (rules.room ?? rules.peers), clip: rules, movesOf: (pack, limit) => this.#movesOf(pack, limit),
      epochSteps: rules.epochRounds === undefined ? undefined : rules.epochRounds * rules.directions
    }, fromStep)
  }

  /** φ: what all packs made of θ₀. */
  get weights (): WeightSource { return this.model.weights }

  get step (): number { return this.#round * this.#rules.localSteps }

  start (fromRound = 0): void {
    this.#round = fromRound
    this.#nextRound()
  }

  stop (): void {
    this.#stopped = true
  }

  receive (packs: readonly Pack[]): void {
    const fitting = packs.filter(pack => !this.#refuses(pack))
    if (fitting.length > 0) this.#work.whenFree(() => { this.model.add(fitting) })
  }

  withdraw (pack: Pack): void {
    this.#work.whenFree(() => { this.model.withdraw(pack) })
  }

  /** Weights stand for all packs before a step, the end of an epoch. */
  compact (step: number): { readonly weights: Float32Array } {
    const weights = readAll(this.model.weightsBy(this.model.before(step)))
    this.model.compact(step)
    return { weights }
  }

  #refuses (pack: Pack): boolean {
    const refusal = this.#refusalOf(pack)
    if (refusal !== undefined) this.#ports.report({ kind: 'refused', from: pack.peer, ...refusal })
    return refusal !== undefined
  }

  #refusalOf (pack: Pack): Pick<Extract<PackReport, { kind: 'refused' }>, 'code' | 'reason'> | undefined {
    const { rounds, blocks, directions } = this.#rules
    const { peer, firstStep, levels, pool } = pack
    if (this.model.has(pack)) return { code: 'REPLAY', reason: `coordinates from ${firstStep} of ${peer} are counted already` }
    if (firstStep % directions !== 0 || firstStep < 0 || firstStep >= rounds * directions || levels.length > directions || levels.length !== pool.length) {
      return { code: 'WRONG_STEP', reason: `${levels.length} coordinates from ${firstStep} are no round of up to ${directions} within ${rounds}` }
    }
    if (pool.some((block, at) => block >= blocks.length || block < (pool[at - 1] ?? 0))) {
      return { code: 'SEED_OUTSIDE_POOL', reason: `${peer} names blocks outside the run's ${blocks.length}, or not in their order` }
    }
    if (!levels.every(isLevel)) return { code: 'BAD_LEVEL', reason: `${peer} sends levels that no coordinate has` }
    return undefined
  }

  #nextRound (): void {
    const { rounds, localSteps } = this.#rules
    if (this.#stopped) { this.#end('stopped', 'it was stopped'); return }
    if (this.#round >= rounds) { this.#end('done', 'all rounds are done'); return }
    this.weights.read(0, this.#ports.weights)
    this.#work.begin()
    this.#ports.train(localSteps, outcome => {
      if (outcome.kind === 'reached') this.#finishRound(outcome)
      else this.#end(outcome.kind, outcome.kind === 'failed' ? outcome.reason : 'it was stopped')
    })
  }

  #finishRound ({ step, meanLoss, tokens }: Extract<TrainingOutcome, { kind: 'reached' }>): void {
    const pack = this.#packOf(this.#moves())
    this.#round++
    this.#ports.report({ kind: 'step', step: step - 1, loss: meanLoss, level: ABSTAIN, tokens })
    this.#ports.send(pack, () => {
      this.model.add([pack])
      const others = this.#work.end()
      this.#ports.report({ kind: 'round', round: this.#round, others, reason: `sent ${pack.levels.length} coordinates and counted ${others} packs of others` })
      this.#nextRound()
    })
  }

  /** δ = θ − φ. */
  #moves (): Float32Array {
    const before = readAll(this.weights)
    return this.#ports.weights.map((value, index) => value - (before[index] as number))
  }

  /** A peer whose weights are no longer numbers abstains, and goes on from φ. */
  #packOf (moves: Float32Array): Pack {
    const { blocks, directions, noise } = this.#rules
    const head = { peer: this.#ports.peer, firstStep: this.#round * directions }
    const energies = blocks.map(({ first, size }) => moves.subarray(first, first + size).reduce((sum, move) => sum + move * move, 0))
    const total = energies.reduce((sum, energy) => sum + energy, 0)
    const counts = Number.isFinite(total) && total > 0 ? allocateDirections(blocks, energies, directions, noise) : []
    const parts = blocks.map((block, index) => this.#levelsOf(moves, block, index, counts[index] ?? 0))
    const levels = Int8Array.from(parts.flatMap(part => [...part]))
    if (levels.length === 0) return { ...head, levels: Int8Array.of(ABSTAIN), pool: Uint16Array.of(0) }
    return { ...head, levels, pool: Uint16Array.from(parts.flatMap((part, index) => Array.from(part, () => index))) }
  }

  #levelsOf (moves: Float32Array, block: Block, index: number, count: number): Int8Array {
    const { noise, runId, codec, largestLevel } = this.#rules
    const seedOf = seedsOfRound(runId, this.#round, this.#ports.peer)
    const scale = shrinkage(block.size, count, noise)
    const coordinates = coordinatesOf(moves, block, noise, Array.from({ length: count }, (_, k) => seedOf(index, k)))
    return Int8Array.from(coordinates, coordinate => clipLevel(codec.encode(scale * coordinate), largestLevel))
  }

  #movesOf ({ peer, firstStep, levels, pool }: Pack, limit: number): Move[] {
    const { runId, blocks, directions } = this.#rules
    const seedOf = seedsOfRound(runId, firstStep / directions, peer)
    const contributions = blocks.map((): Contribution[] => [])
    levels.forEach((level, at) => {
      const index = pool[at] as number
      const mine = contributions[index]
      mine?.push({ seed: seedOf(index, mine.length), amount: this.#amountOf(clipLevel(level, limit)) })
    })
    return blocks.map((block, index) => ({ block, contributions: contributions[index] ?? [] })).filter(move => move.contributions.length > 0)
  }

  /** Weights move along a coordinate, not against it. */
  #amountOf (level: number): number {
    const { codec, peers } = this.#rules
    return -amountOf(codec.decode(level) / peers, this.#fixedPoint)
  }

  #end (how: 'done' | 'stopped' | 'failed', reason: string): void {
    this.#work.end()
    this.weights.read(0, this.#ports.weights)
    this.#ports.report({ kind: 'ended', how, reason })
  }
}

/** Rounds whose packs are counted together. */
function epochOf ({ rounds, epochRounds = rounds }: Pick<FerretRules, 'rounds' | 'epochRounds'>): number {
  return Math.min(rounds, epochRounds)
}

/** Room for every coordinate of every round of an epoch at its share, all of them in one block. @throws RangeError when so many do not fit into 32 bits */
export function ferretFixedPoint (rules: Pick<FerretRules, 'codec' | 'largestLevel' | 'peers' | 'room' | 'rounds' | 'epochRounds' | 'directions' | 'noise'>): FixedPoint {
  const { codec, largestLevel, peers, room = peers, directions, noise } = rules
  return fixedPoint(codec.decode(largestLevel) / peers, epochOf(rules) * directions * room, noise)
}

/** Cuts a vector into blocks of at most so many values. */
export function evenBlocks (size: number, largest: number): Block[] {
  const count = Math.ceil(size / largest)
  const edges = Array.from({ length: count + 1 }, (_, index) => Math.floor(index * size / count))
  return edges.slice(1).map((end, index) => ({ first: edges[index] ?? 0, size: end - (edges[index] ?? 0) }))
}
