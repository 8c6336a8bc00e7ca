import type { TrainingOutcome } from '../ports.ts'
import type { RoundClipRules } from './clipping.ts'
import type { Block } from './ferret.ts'
import type { Noise } from './noise.ts'
import type { PackAnswers, PackTask } from './pack-keeper.ts'
import { nameOf } from './pack-model.ts'
import type { Pack } from './pack-model.ts'
import { WhileBusy } from './pack-player.ts'
import type { PackPlayer, PackPorts, PackReport, PackStart } from './pack-player.ts'
import { ABSTAIN, isLevel } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { asking } from './task-worker.ts'
import type { Ask } from './task-worker.ts'

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
  /** Takes so many more steps, with the weights that the keeper has settled. */
  readonly train: (steps: number, done: (outcome: TrainingOutcome) => void) => void
}

/**
 * One peer of Ferret (Shu et al., arXiv 2409.06277, algorithm 1): local first-order steps move it from the common φ, and what travels is the move's
 * coordinates on seeded directions, block by block, shrunk by what their error costs, in a signed logarithmic byte each: its ±6.5 % is little beside that error. Everybody rebuilds
 * every pack, its author too; as sums of whole numbers φ is the same bits for the same set of packs. Nobody is waited for: late packs count in the next round.
 */
export class FerretPeer implements PackPlayer {
  readonly #rules: FerretRules
  readonly #ports: FerretPorts
  readonly #ask: Ask<PackTask, PackAnswers>
  readonly #work = new WhileBusy()
  /** Packs that count, or will when the round under way ends. */
  readonly #known = new Map<string, Pack>()
  #round = 0
  #stopped = false
  #isOver = false

  constructor (rules: FerretRules, ports: FerretPorts) {
    this.#rules = rules
    this.#ports = ports
    this.#ask = asking(ports.keeper, reason => { this.#end('failed', reason) })
  }

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
    for (const pack of fitting) this.#known.set(nameOf(pack), pack)
    if (fitting.length > 0) this.#work.whenFree(() => { this.#ask({ kind: 'move', added: fitting.filter(pack => this.#known.has(nameOf(pack))), withdrawn: [] }) })
  }

  withdraw (pack: Pack): void {
    if (!this.#known.delete(nameOf(pack))) return
    this.#work.whenFree(() => { this.#ask({ kind: 'move', added: [], withdrawn: [pack] }) })
  }

  /** Weights stand for all packs before a step, the end of an epoch. */
  compact (step: number, done: (stands: Pick<PackStart, 'weights'>) => void): void {
    for (const [name, { firstStep }] of this.#known) if (firstStep < step) this.#known.delete(name)
    this.#ask({ kind: 'compact', step }, weights => { done({ weights }) })
  }

  #refuses (pack: Pack): boolean {
    const refusal = this.#refusalOf(pack)
    if (refusal !== undefined) this.#ports.report({ kind: 'refused', from: pack.peer, ...refusal })
    return refusal !== undefined
  }

  #refusalOf (pack: Pack): Pick<Extract<PackReport, { kind: 'refused' }>, 'code' | 'reason'> | undefined {
    const { rounds, blocks, directions } = this.#rules
    const { peer, firstStep, levels, pool } = pack
    if (this.#known.has(nameOf(pack))) return { code: 'REPLAY', reason: `coordinates from ${firstStep} of ${peer} are counted already` }
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
    this.#ask({ kind: 'settle' })
    this.#work.begin()
    this.#ports.train(localSteps, outcome => {
      if (outcome.kind === 'reached') this.#finishRound(outcome)
      else this.#end(outcome.kind, outcome.kind === 'failed' ? outcome.reason : 'it was stopped')
    })
  }

  #finishRound ({ step, meanLoss, tokens }: Extract<TrainingOutcome, { kind: 'reached' }>): void {
    const { peer } = this.#ports
    const firstStep = this.#round * this.#rules.directions
    this.#ask({ kind: 'tell', round: this.#round, peer }, coordinates => {
      this.#round++
      this.#ports.report({ kind: 'step', step: step - 1, loss: meanLoss, level: ABSTAIN, tokens })
      this.#sendPack({ peer, firstStep, ...coordinates })
    })
  }

  #sendPack (pack: Pack): void {
    this.#ports.send(pack, () => {
      this.#known.set(nameOf(pack), pack)
      this.#ask({ kind: 'move', added: [pack], withdrawn: [] })
      const others = this.#work.end()
      this.#ports.report({ kind: 'round', round: this.#round, others, reason: `sent ${pack.levels.length} coordinates and counted ${others} packs of others` })
      this.#nextRound()
    })
  }

  #end (how: 'done' | 'stopped' | 'failed', reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#work.end()
    this.#ask({ kind: 'settle' })
    this.#ports.report({ kind: 'ended', how, reason })
  }
}

/** Cuts a vector into blocks of at most so many values. */
export function evenBlocks (size: number, largest: number): Block[] {
  const count = Math.ceil(size / largest)
  const edges = Array.from({ length: count + 1 }, (_, index) => Math.floor(index * size / count))
  return edges.slice(1).map((end, index) => ({ first: edges[index] ?? 0, size: end - (edges[index] ?? 0) }))
}
