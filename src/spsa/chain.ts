import { FIRST_LINK, hashEntry, lastStepOf, sameBytes } from './ledger-entry.ts'
import type { Entry } from './ledger-entry.ts'

/** How far one peer's chain goes: everything before is fixed by the one hash. */
export interface Head {
  readonly peer: string
  /** Index of the entry that would come next. */
  readonly next: number
  /** Hash of the entry before that. */
  readonly hash: Uint8Array
  /** True once the peer was caught signing two continuations: nothing of it counts from `next` on. */
  readonly cut: boolean
}

/** Where a chain begins. */
export function emptyHead (peer: string): Head {
  return { peer, next: 0, hash: FIRST_LINK, cut: false }
}

/** One peer's entries since the last snapshot, each naming the one before. */
export class Chain {
  readonly peer: string
  /** Index of the first entry still held. */
  #start: number
  #startHash: Uint8Array
  #entries: Entry[] = []
  #hashes: Uint8Array[] = []
  /** What proves that this peer forked at `next`; sent to whoever does not know. */
  #proof: readonly Entry[] | undefined

  /** @param head what came before and is known by its hash only */
  constructor (head: Head) {
    this.peer = head.peer
    this.#start = head.next
    this.#startHash = head.hash
    if (head.cut) this.#proof = []
  }

  get start (): number { return this.#start }
  get next (): number { return this.#start + this.#entries.length }
  get isCut (): boolean { return this.#proof !== undefined }
  get entries (): readonly Entry[] { return this.#entries }
  get proof (): readonly Entry[] { return this.#proof ?? [] }
  get head (): Head { return { peer: this.peer, next: this.next, hash: this.hashBefore(this.next), cut: this.isCut } }

  at (index: number): Entry | undefined {
    return this.#entries[index - this.#start]
  }

  /** Hash of the entry before `index`, which is in start … next. */
  hashBefore (index: number): Uint8Array {
    return index === this.#start ? this.#startHash : this.#hashes[index - 1 - this.#start] as Uint8Array
  }

  holds (entry: Entry): boolean {
    return this.at(entry.index) !== undefined && sameBytes(this.hashBefore(entry.index + 1), hashEntry(entry))
  }

  append (entry: Entry): void {
    this.#entries.push(entry)
    this.#hashes.push(hashEntry(entry))
  }

  /** Ends the chain before `entry`, which contradicts it; returns what no longer counts. */
  cutBefore (entry: Entry): Entry[] {
    const held = this.at(entry.index)
    this.#proof = held === undefined ? [entry] : [held, entry]
    this.#hashes.length = entry.index - this.#start
    return this.#entries.splice(entry.index - this.#start)
  }

  /** The head that this chain had before it reached `step`. */
  headAt (step: number): Head {
    const next = this.#start + this.#countBefore(step)
    return { peer: this.peer, next, hash: this.hashBefore(next), cut: this.isCut && next === this.next }
  }

  /** Forgets the entries before `step`, which a snapshot now stands for. */
  forgetBefore (step: number): void {
    const count = this.#countBefore(step)
    if (count === 0) return
    this.#startHash = this.hashBefore(this.#start + count)
    this.#start += count
    this.#entries.splice(0, count)
    this.#hashes.splice(0, count)
  }

  #countBefore (step: number): number {
    const count = this.#entries.findIndex(entry => lastStepOf(entry) >= step)
    return count === -1 ? this.#entries.length : count
  }
}
