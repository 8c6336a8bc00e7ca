import type { Entry } from './ledger-entry.ts'
import type { Ledger } from './ledger.ts'
import type { Wanted } from './reconcile.ts'

/** Entries of one peer that wait for one before them: a reconnection's worth of packs; more come again when they are asked for. */
const MOST_WAITING = 16

interface Gap {
  readonly entries: Map<number, Entry>
  /** Who sent them: he has what comes before, too. */
  from: string
  /** Steps taken here when the gap was seen, or last asked about. */
  sinceStep: number
}

/** Entries that overtook others on their way: they wait here, unverified, and only what is still missing after a while is asked for. */
export class WaitingEntries {
  readonly #gaps = new Map<string, Gap>()

  add (entry: Entry, from: string, step: number): void {
    const gap = this.#gaps.get(entry.peer) ?? { entries: new Map<number, Entry>(), from, sinceStep: step }
    this.#gaps.set(entry.peer, gap)
    if (gap.entries.size < MOST_WAITING) gap.entries.set(entry.index, entry)
  }

  /** The entry that follows now, if it waits here. */
  takeNext (peer: string, index: number): Entry | undefined {
    const gap = this.#gaps.get(peer)
    const entry = gap?.entries.get(index)
    for (const held of gap?.entries.keys() ?? []) if (held <= index) gap?.entries.delete(held)
    if (gap?.entries.size === 0) this.#gaps.delete(peer)
    return entry
  }

  /** What to ask of whom: gaps that have been open for `patience` steps. */
  due (ledger: Ledger, step: number, patience: number): Map<string, Wanted[]> {
    const wanted = new Map<string, Wanted[]>()
    for (const [peer, gap] of this.#gaps) {
      if (step - gap.sinceStep < patience) continue
      gap.sinceStep = step
      wanted.set(gap.from, [...wanted.get(gap.from) ?? [], { head: ledger.headOf(peer), until: Math.min(...gap.entries.keys()) }])
    }
    return wanted
  }

  forget (peer: string): void {
    this.#gaps.delete(peer)
  }
}
