import { ByteModel } from './byte-model.ts'
import type { ByteModelRules, ModelMemory, ModelStart } from './byte-model.ts'
import type { Entry } from './ledger-entry.ts'
import { stepBytesOf } from './step-bytes.ts'
import type { TaskResult, TaskWorker } from './task-worker.ts'
import { readAll } from './weight-source.ts'

/** What a pack of scalars says to the model: an entry without what proves whose it is. */
export type Bytes = Pick<Entry, 'peer' | 'firstStep' | 'levels'>

export type ModelTask =
  /** Goes on from what stands for all bytes before a step: with these weights, or with those that are in memory already. */
  | { readonly kind: 'begin', readonly start: ModelStart, readonly weights?: Float32Array | undefined }
  /** Counts bytes, then others no longer. */
  | { readonly kind: 'move', readonly added: readonly Bytes[], readonly withdrawn: readonly Bytes[] }
  /** What the bytes before a step make. */
  | { readonly kind: 'hash', readonly before: number }
  /** Forgets the bytes before a step, a multiple of the epoch, and tells what stands for them. */
  | { readonly kind: 'seal', readonly step: number }
  /** Makes the sums from nothing again. */
  | { readonly kind: 'rebuild' }
  /** The weights of all bytes. */
  | { readonly kind: 'read' }

export type ModelTaskKind = ModelTask['kind']
export type ModelTaskOf<Kind extends ModelTaskKind> = Extract<ModelTask, { readonly kind: Kind }>

export interface ModelAnswers {
  begin: undefined
  move: undefined
  /** SHA-256 of the weights and of the clipping limit that the bytes leave; and that limit. */
  hash: { readonly modelHash: string, readonly limit: number }
  seal: ModelStart & { readonly weights: Float32Array }
  rebuild: undefined
  read: Float32Array
}

export type ModelResult<Kind extends ModelTaskKind> = TaskResult<ModelAnswers[Kind]>

/** Whoever keeps the weights of a run of bytes. */
export type ModelWorker = TaskWorker<ModelTask, ModelAnswers>

/** The work itself, done before the call returns. */
export class ModelWork implements ModelWorker {
  readonly #memory: ModelMemory
  readonly #rules: ByteModelRules
  readonly #runId: string
  #model: ByteModel

  /**
   * @param memory its base holds the weights to start from; both are written to as bytes come
   * @throws RangeError when an epoch's contributions do not fit into 32 bits
   */
  constructor (memory: ModelMemory, rules: ByteModelRules, runId: string) {
    this.#memory = memory
    this.#rules = rules
    this.#runId = runId
    this.#model = new ByteModel(memory, rules)
  }

  get model (): ByteModel { return this.#model }

  ask<Kind extends ModelTaskKind> (task: ModelTaskOf<Kind>, answer: (result: ModelResult<Kind>) => void): void {
    answer({ kind: 'done', value: this.do(task) as ModelAnswers[Kind] })
  }

  /** @throws RangeError, with nothing moved, for bytes of which there could not be so many, or that lie before the start */
  do (task: ModelTask): ModelAnswers[ModelTaskKind] {
    switch (task.kind) {
      case 'begin': {
        if (task.weights !== undefined) this.#memory.base.set(task.weights)
        this.#model = new ByteModel(this.#memory, this.#rules, task.start)
        return undefined
      }
      case 'move': {
        const [added, withdrawn] = [task.added, task.withdrawn].map(packs => packs.flatMap(pack => stepBytesOf(pack, this.#runId))) as [ReturnType<typeof stepBytesOf>, ReturnType<typeof stepBytesOf>]
        if (added.length > 0) this.#model.add(added)
        if (withdrawn.length > 0) this.#model.withdraw(withdrawn)
        return undefined
      }
      case 'hash': return { modelHash: this.#model.hash(task.before), limit: this.#model.limitAt(task.before) }
      case 'seal': {
        const start = this.#model.startAt(task.step)
        this.#model.compact(task.step)
        return start
      }
      case 'rebuild': {
        this.#model.rebuild()
        return undefined
      }
      case 'read': return readAll(this.#model.weights)
    }
  }
}
