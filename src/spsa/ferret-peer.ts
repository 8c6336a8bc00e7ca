import type { TrainingOutcome } from '../ports.ts'
import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { allocateDirections, coordinatesOf, shrinkage } from './ferret.ts'
import type { Block } from './ferret.ts'
import type { Noise } from './noise.ts'
import { seedsOfRound } from './seeds.ts'
import { readAll } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

export interface FerretRules {
  readonly runId: string
  /** They cover the weights that are trained, and do not overlap. */
  readonly blocks: readonly Block[]
  /** Coordinates that a peer sends in a round, over all blocks. */
  readonly directions: number
  /** First-order steps between two packs. */
  readonly localSteps: number
  readonly rounds: number
  /** Peers that take part; each one's update counts for 1/peers. */
  readonly peers: number
  readonly noise: Noise
  /** Coordinates beyond count as this one: it fixes the run's fixed point. */
  readonly largestCoordinate: number
}

/** One peer's update of one round: its coordinates, block after block. */
export interface FerretPack {
  readonly peer: string
  readonly round: number
  /** Directions of each block. */
  readonly counts: readonly number[]
  readonly coordinates: Float32Array
}

export type FerretReport =
  | { readonly kind: 'round', readonly round: number, readonly loss: number, readonly reason: string }
  | { readonly kind: 'refused', readonly from: string, readonly code: 'REPLAY' | 'WRONG_STEP' | 'WRONG_SHAPE' | 'NOT_FINITE', readonly reason: string }
  | { readonly kind: 'ended', readonly reason: string }

export interface FerretPorts {
  readonly peer: string
  /** θ, which `train` moves; this peer writes φ into it before each round. */
  readonly weights: Float32Array
  readonly train: (untilStep: number, done: (outcome: TrainingOutcome) => void) => void
  /** To everybody else; whoever carries it vouches for its sender. */
  readonly send: (pack: FerretPack) => void
  readonly report: (event: FerretReport) => void
}

/**
 * One peer of Ferret (Shu et al., arXiv 2409.06277, algorithm 1): local first-order steps move it from the common φ, and what travels is the move's
 * coordinates on seeded directions, block by block, shrunk by what their error costs. Everybody rebuilds every pack, its author too; as sums of
 * whole numbers φ is the same bits for the same set of packs. Nobody is waited for: late packs count in the next round.
 */
export class FerretPeer {
  /** φ: what all packs made of θ₀. */
  readonly weights: WeightSource
  readonly #rules: FerretRules
  readonly #ports: FerretPorts
  readonly #fixedPoint: FixedPoint
  readonly #accumulator: Accumulator
  readonly #counted = new Set<string>()
  #waiting: FerretPack[] = []
  #round = 0
  #isTraining = false
  #stopped = false

  /** @throws RangeError when so many coordinates do not fit into 32 bits */
  constructor (base: WeightSource, rules: FerretRules, ports: FerretPorts) {
    this.#rules = rules
    this.#ports = ports
    const { largestCoordinate, peers, rounds, directions, noise } = rules
    this.#fixedPoint = fixedPoint(largestCoordinate / peers, rounds * directions * peers, noise)
    this.#accumulator = new Accumulator(new Int32Array(base.size), noise)
    this.weights = accumulatedWeights(base, this.#accumulator, this.#fixedPoint.unit)
  }

  /** Rounds finished. */
  get round (): number {
    return this.#round
  }

  /** Trains until the last round's end or `stop`. Call it once. */
  start (): void {
    const { rounds, localSteps } = this.#rules
    if (this.#stopped || this.#round >= rounds) { this.#end(this.#stopped ? 'it was stopped' : 'all rounds are done'); return }
    this.weights.read(0, this.#ports.weights)
    this.#isTraining = true
    this.#ports.train((this.#round + 1) * localSteps, outcome => {
      this.#isTraining = false
      if (outcome.kind === 'reached') this.#finishRound(outcome.meanLoss)
      else this.#end(outcome.kind === 'failed' ? outcome.reason : 'it was stopped')
    })
  }

  /** Begins no other round, but still counts packs. */
  stop (): void {
    this.#stopped = true
  }

  /** Counts a pack, at once or after the round under way; what does not fit the run is refused with a reason, and nothing moves. */
  receive (pack: FerretPack): void {
    const refusal = this.#refusalOf(pack)
    if (refusal !== undefined) { this.#ports.report({ kind: 'refused', from: pack.peer, ...refusal }); return }
    this.#counted.add(nameOf(pack))
    if (this.#isTraining) this.#waiting.push(pack)
    else this.#count(pack)
  }

  #refusalOf (pack: FerretPack): Pick<Extract<FerretReport, { kind: 'refused' }>, 'code' | 'reason'> | undefined {
    const { rounds, blocks, directions } = this.#rules
    const { peer, round, counts, coordinates } = pack
    if (this.#counted.has(nameOf(pack))) return { code: 'REPLAY', reason: `round ${round} of ${peer} is counted already` }
    if (!Number.isInteger(round) || round < 0 || round >= rounds) return { code: 'WRONG_STEP', reason: `there is no round ${round} among ${rounds}` }
    const total = counts.reduce((sum, count) => sum + count, 0)
    if (counts.length !== blocks.length || total !== coordinates.length || total > directions || counts.some(count => !Number.isInteger(count) || count < 0)) {
      return { code: 'WRONG_SHAPE', reason: `${coordinates.length} coordinates in ${counts.length} blocks are no pack of this run` }
    }
    if (!coordinates.every(Number.isFinite)) return { code: 'NOT_FINITE', reason: `${peer} sends coordinates that are no numbers` }
    return undefined
  }

  #finishRound (loss: number): void {
    const pack = this.#packOf(this.#moves())
    const round = this.#round++
    this.#counted.add(nameOf(pack))
    for (const counted of [pack, ...this.#waiting]) this.#count(counted)
    this.#ports.report({ kind: 'round', round, loss, reason: `sent ${pack.coordinates.length} coordinates and counted ${this.#waiting.length} packs of others` })
    this.#waiting = []
    this.#ports.send(pack)
    this.start()
  }

  /** δ = θ − φ. */
  #moves (): Float32Array {
    const before = readAll(this.weights)
    return this.#ports.weights.map((value, index) => value - (before[index] as number))
  }

  #packOf (moves: Float32Array): FerretPack {
    const { blocks, directions, noise } = this.#rules
    const [peer, round] = [this.#ports.peer, this.#round]
    const energies = blocks.map(({ first, size }) => moves.subarray(first, first + size).reduce((sum, move) => sum + move * move, 0))
    const counts = energies.every(energy => energy === 0) ? blocks.map(() => 0) : allocateDirections(blocks, energies, directions, noise)
    const seedOf = seedsOfRound(this.#rules.runId, round, peer)
    const parts = blocks.map((block, index) => coordinatesOf(moves, block, noise, Array.from({ length: counts[index] ?? 0 }, (_, k) => seedOf(index, k))))
    const coordinates = new Float32Array(counts.reduce((sum, count) => sum + count, 0))
    parts.reduce((at, part) => { coordinates.set(part, at); return at + part.length }, 0)
    return { peer, round, counts, coordinates }
  }

  #count ({ peer, round, counts, coordinates }: FerretPack): void {
    const { runId, blocks, noise } = this.#rules
    const seedOf = seedsOfRound(runId, round, peer)
    let at = 0
    blocks.forEach((block, index) => {
      const count = counts[index] ?? 0
      const scale = count === 0 ? 0 : shrinkage(block.size, count, noise)
      const contributions = Array.from({ length: count }, (_, k): Contribution => ({ seed: seedOf(index, k), amount: this.#amountOf(scale * (coordinates[at + k] ?? 0)) }))
      this.#accumulator.add(contributions, block)
      at += count
    })
  }

  /** Weights move along a coordinate, not against it. */
  #amountOf (coordinate: number): number {
    const { largestCoordinate, peers } = this.#rules
    return -amountOf(Math.max(-largestCoordinate, Math.min(largestCoordinate, coordinate)) / peers, this.#fixedPoint)
  }

  #end (reason: string): void {
    for (const pack of this.#waiting) this.#count(pack)
    this.#waiting = []
    this.weights.read(0, this.#ports.weights)
    this.#ports.report({ kind: 'ended', reason })
  }
}

function nameOf ({ peer, round }: FerretPack): string {
  return `${round} ${peer}`
}

/** Cuts a vector into blocks of at most so many values. */
export function evenBlocks (size: number, largest: number): Block[] {
  const count = Math.ceil(size / largest)
  const edges = Array.from({ length: count + 1 }, (_, index) => Math.floor(index * size / count))
  return edges.slice(1).map((end, index) => ({ first: edges[index] ?? 0, size: end - (edges[index] ?? 0) }))
}
