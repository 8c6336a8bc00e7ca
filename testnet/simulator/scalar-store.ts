import type { LoadedLedger, StoredSnapshot } from '../../node/store/ledger-store.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { Snapshot } from '../../src/spsa/ledger.ts'
import type { OneByteReport } from '../../src/spsa/one-byte-messages.ts'

/** What outlives a process of a run of scalars: the entries that it holds, and what stands for those that are forgotten. A full disk keeps what it had. */
export class ScalarStore {
  isFull = false
  #snapshot: StoredSnapshot | undefined
  #held: Snapshot | undefined
  #entries = new Map<string, Entry>()

  get snapshot (): StoredSnapshot | undefined { return this.#snapshot }

  /** As a process finds it that begins. */
  get loaded (): LoadedLedger {
    const limit = this.#snapshot?.limit ?? 0
    return {
      genesis: undefined, snapshot: this.#snapshot, held: this.#held === undefined ? undefined : { ...this.#held, limit, weights: () => undefined },
      entries: [...this.#entries.values()].sort((one, other) => one.index - other.index), model: undefined, damage: []
    }
  }

  /** @returns whether there was room */
  add (entry: Entry): boolean {
    if (!this.isFull) this.#entries.set(nameOf(entry), entry)
    return !this.isFull
  }

  /** @param entries that the ledger holds by now */
  learn (event: OneByteReport, entries: () => readonly Entry[]): void {
    if (this.isFull) return
    if (event.kind === 'admitted') this.add(event.entry)
    else if (event.kind === 'withdrawn') this.#keep(entries())
    else if (event.kind === 'sealed' || event.kind === 'adopted') {
      const { start: { model: { limit }, snapshot, held, sums }, weights } = event
      this.#snapshot = { ...snapshot, limit, weights, sums }
      this.#held = held
      this.#keep(entries())
    }
  }

  #keep (entries: readonly Entry[]): void {
    this.#entries = new Map(entries.map(entry => [nameOf(entry), entry]))
  }
}

function nameOf ({ peer, index }: Entry): string {
  return `${peer} ${index}`
}
