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

/** One peer's entries, each naming the one before: those that a snapshot stands for, as far as they are held, and those since. */
export class Chain {
  readonly peer: string
  /** Index of the first entry still held. */
  #start: number
  #startHash: Uint8Array
  /** Index of the first entry that the snapshot at `#sealedStep` does not stand for; earlier ones never change. */
  #sealed: number
  #sealedStep: number
  #entries: Entry[] = []
  #hashes: Uint8Array[] = []
  /** What proves that this peer forked at `next`; sent to whoever does not know. */
  #proof: readonly Entry[] | undefined

  /**
   * @param head what came before and is known by its hash only
   * @param step of the snapshot that stands for it
   */
  constructor (head: Head, step: number) {
    this.peer = head.peer
    this.#start = head.next
    this.#startHash = head.hash
    this.#sealed = head.next
    this.#sealedStep = step
    if (head.cut) this.#proof = []
  }

  get start (): number { return this.#start }
  get sealed (): number { return this.#sealed }
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

  /** The head that this chain had before it reached `step`, which is not before the last snapshot; a fork that shows later only is none yet. */
  headAt (step: number): Head {
    const next = step <= this.#sealedStep ? this.#sealed : this.#start + this.#countBefore(step)
    return { peer: this.peer, next, hash: this.hashBefore(next), cut: next === this.next && this.#wasCutBefore(step) }
  }

  /** Whether this chain had that head once, as far as its entries are held. */
  goesThrough ({ next, hash }: Head): boolean {
    return next >= this.#start && next <= this.next && sameBytes(hash, this.hashBefore(next))
  }

  /** Lets the snapshot at `step` stand for the entries before `next`; later ones of earlier steps came too late to count. */
  seal (step: number, next: number): void {
    this.#sealed = next
    this.#sealedStep = step
  }

  /** Whether an entry of this chain counts. */
  counts (entry: Entry): boolean {
    return entry.index < this.#sealed || lastStepOf(entry) >= this.#sealedStep
  }

  /** Forgets the entries before `index`, and returns them; their hash stays. */
  forgetBefore (index: number): Entry[] {
    const count = Math.max(0, index - this.#start)
    this.#startHash = this.hashBefore(this.#start + count)
    this.#start += count
    this.#hashes.splice(0, count)
    return this.#entries.splice(0, count)
  }

  #countBefore (step: number): number {
    const count = this.#entries.findIndex(entry => lastStepOf(entry) >= step)
    return count === -1 ? this.#entries.length : count
  }

  /** A proof that a snapshot stands for is not held. */
  #wasCutBefore (step: number): boolean {
    return this.#proof !== undefined && (this.#proof.length === 0 || this.#proof.some(entry => lastStepOf(entry) < step))
  }
}
