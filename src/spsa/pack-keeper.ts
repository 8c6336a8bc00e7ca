import { reasonOf } from '../errors.ts'
import type { Contribution } from './noise.ts'
import { PackModel } from './pack-model.ts'
import type { Pack, PackModelRules } from './pack-model.ts'
import type { PackStart } from './pack-player.ts'
import type { TaskResult, TaskWorker } from './task-worker.ts'
import { heldWeights, readAll } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'
import { hashWeights } from './weights-hash.ts'

export type PackTask =
  /** Goes on from what stands for all packs before a step, in place of all there was; with a hash only where it makes those weights, and answers why else. */
  | { readonly kind: 'begin', readonly start: PackStart | undefined, readonly modelHash?: string }
  /** Counts packs, then others no longer. */
  | { readonly kind: 'move', readonly added: readonly Pack[], readonly withdrawn: readonly Pack[] }
  /** A step of this peer's own, until `takeBack`. */
  | { readonly kind: 'own', readonly contribution: Contribution }
  | { readonly kind: 'takeBack' }
  /** What just these packs make, with a clipping limit that peers compare besides. */
  | { readonly kind: 'hash', readonly packs: readonly Pack[], readonly limit?: number | undefined }
  /** Forgets the packs before a step, between two snapshots: these sums stand for them, or the weights that are told. */
  | { readonly kind: 'compact', readonly step: number, readonly sums?: Int32Array }
  /** Makes the sums from nothing again. */
  | { readonly kind: 'rebuild' }
  /** The weights of all packs that are counted, and of this peer's own steps. */
  | { readonly kind: 'read' }
  /** Puts those into the memory that first-order steps move. */
  | { readonly kind: 'settle' }
  /** What first-order steps have moved there since, as a pack has it. */
  | { readonly kind: 'tell', readonly round: number, readonly peer: string }

export interface PackAnswers {
  /** Why there was none to go on from, in a sentence. */
  begin: string | undefined
  move: undefined
  own: undefined
  takeBack: undefined
  /** SHA-256 of the weights. */
  hash: string
  compact: Float32Array | undefined
  rebuild: undefined
  read: Float32Array
  settle: undefined
  tell: Pick<Pack, 'levels' | 'pool'>
}

/** Whoever keeps the weights of a run of rounds. */
export type PackKeeper = TaskWorker<PackTask, PackAnswers>

/** What packs of a method mean; functions of the run's numbers alone. */
export interface PackArithmetic {
  readonly model: PackModelRules
  /** Of a seed pool: what its sums stand for. */
  readonly contributionsBy?: (sums: Int32Array) => Contribution[]
  /** Of first-order steps: what a peer sends of its move in a round. */
  readonly coordinates?: (moves: Float32Array, round: number, peer: string) => Pick<Pack, 'levels' | 'pool'>
}

export interface PackMemory {
  /** θ₀, or where else the run begins here; nobody writes to it. */
  readonly base: WeightSource
  /** Zeros, one a weight: memory that a trainer may share (`ScalarSteps.integers`). */
  readonly integers: Int32Array
  /** θ of first-order steps, which a trainer moves. */
  readonly trained: Float32Array
}

/** Scalars of a run of rounds are clipped by what is in their own round: there is no limit that a snapshot leaves, and peers compare none. */
export const NO_LIMIT = 0

/** The work itself, done before the call returns. */
export class KeptPacks implements PackKeeper {
  readonly #memory: PackMemory
  readonly #arithmetic: PackArithmetic
  #model: PackModel

  constructor (memory: PackMemory, arithmetic: PackArithmetic) {
    this.#memory = memory
    this.#arithmetic = arithmetic
    this.#model = this.#from(undefined, memory.integers)
  }

  get model (): PackModel { return this.#model }

  ask<Kind extends PackTask['kind']> (task: Extract<PackTask, { readonly kind: Kind }>, answer: (result: TaskResult<PackAnswers[Kind]>) => void): void {
    answer({ kind: 'done', value: this.do(task) as PackAnswers[Kind] })
  }

  /** @throws RangeError, with nothing moved, for more packs than there could be, or for such that lie before the start */
  do (task: PackTask): PackAnswers[PackTask['kind']] {
    switch (task.kind) {
      case 'begin': return this.#begin(task.start, task.modelHash)
      case 'own': { this.#model.moveOwn(task.contribution); return undefined }
      case 'takeBack': { this.#model.takeBack(); return undefined }
      case 'hash': return hashWeights(this.#model.weightsBy(task.packs), task.limit)
      case 'compact': return this.#compact(task.step, task.sums)
      case 'rebuild': { this.#model.rebuild(); return undefined }
      case 'read': return readAll(this.#model.weights)
      case 'settle': { this.#model.weights.read(0, this.#memory.trained); return undefined }
      case 'tell': return this.#arithmetic.coordinates?.(this.#moves(), task.round, task.peer)
      case 'move': {
        this.#model.add(task.added)
        for (const pack of task.withdrawn) this.#model.withdraw(pack)
        return undefined
      }
    }
  }

  #begin (start: PackStart | undefined, modelHash: string | undefined): string | undefined {
    const { base: { size }, integers } = this.#memory
    try {
      if (modelHash !== undefined && hashWeights(this.#from(start, new Int32Array(size)).weights, NO_LIMIT) !== modelHash) return 'a snapshot makes other weights than were told of it'
    } catch (error) {
      return reasonOf(error)
    }
    integers.fill(0)
    this.#model = this.#from(start, integers)
    return undefined
  }

  #from (start: PackStart | undefined, integers: Int32Array): PackModel {
    const base = start?.weights === undefined ? this.#memory.base : heldWeights(start.weights)
    const model = new PackModel(base, integers, this.#arithmetic.model, start?.step)
    if (start?.sums !== undefined) model.takeOver(start.packs, this.#arithmetic.contributionsBy?.(start.sums) ?? [])
    return model
  }

  #compact (step: number, sums: Int32Array | undefined): Float32Array | undefined {
    if (sums !== undefined) {
      this.#model.compact(step, this.#arithmetic.contributionsBy?.(sums) ?? [])
      return undefined
    }
    const weights = readAll(this.#model.weightsBy(this.#model.before(step)))
    this.#model.compact(step)
    return weights
  }

  /** δ = θ − φ. */
  #moves (): Float32Array {
    const before = readAll(this.#model.weights)
    return this.#memory.trained.map((value, index) => value - (before[index] as number))
  }
}
