import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { Snapshot } from '../../src/spsa/ledger.ts'
import type { LedgerStore, ModelRecord, StoredSnapshot } from '../store/ledger-store.ts'

export interface LedgerKeeperOptions {
  readonly store: LedgerStore
  /** Told of a write that failed: others' entries come again, but this peer must sign nothing more. */
  readonly onFailure: (error: unknown) => void
}

/** Writes what a peer's ledger takes in, in order, behind the back of training. */
export class LedgerKeeper {
  readonly #options: LedgerKeeperOptions
  #writing: Promise<void> = Promise.resolve()

  constructor (options: LedgerKeeperOptions) { this.#options = options }

  /** Keeps an entry of this peer's own; it may be sent when `kept` is called, and never is where it was not. */
  keep (entry: Entry, kept: () => void): void {
    this.#enqueue(async () => {
      await this.#options.store.append(entry, true)
      kept()
    })
  }

  add (entry: Entry): void {
    this.#enqueue(async () => this.#options.store.append(entry, false))
  }

  cut (peer: string, withdrawn: readonly Entry[], proof: readonly Entry[]): void {
    this.#enqueue(async () => this.#options.store.cut(peer, withdrawn, proof))
  }

  /** Keeps the weights that the run starts from, for as long as it goes on from them. */
  begins (weights: Float32Array): void {
    this.#enqueue(async () => this.#options.store.keepGenesis(weights))
  }

  /** Lets a snapshot stand for entries. */
  compact (snapshot: StoredSnapshot, held: Snapshot, forgotten: readonly Entry[]): void {
    this.#enqueue(async () => this.#options.store.compact(snapshot, held, forgotten))
  }

  /** Goes on from somebody else's snapshot, with these entries. */
  adopt (snapshot: StoredSnapshot, entries: readonly Entry[]): void {
    this.#enqueue(async () => this.#options.store.adopt(snapshot, entries))
  }

  record (model: ModelRecord): void {
    this.#enqueue(async () => this.#options.store.recordModel(model))
  }

  /** Resolves when everything is written. */
  async settled (): Promise<void> { await this.#writing }

  #enqueue (write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => { this.#options.onFailure(error) })
  }
}
