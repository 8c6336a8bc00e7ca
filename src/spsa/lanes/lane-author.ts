import { FIRST_LINK, hashEntry, signEntry } from '../ledger-entry.ts'
import type { Entry, Sign } from '../ledger-entry.ts'
import type { Seed } from '../noise.ts'
import { seedOfStep } from '../seeds.ts'
import type { LaneRules } from './lane-rules.ts'

/** What one scalar peer says, as links of its signed chain: the entry from step v · scalars on is about the weights of round v. */
export class LaneAuthor {
  readonly #rules: LaneRules
  readonly #peer: string
  readonly #sign: Sign
  #nextStep = 0
  #lastStep = 0
  #levels: number[] = []
  #previous: Uint8Array = FIRST_LINK

  /** @param peer its Ed25519 public key in hex */
  constructor (rules: LaneRules, peer: string, sign: Sign) {
    this.#rules = rules
    this.#peer = peer
    this.#sign = sign
  }

  /** Goes on to the weights of a round; what was measured at others and not yet told is dropped. */
  begin (version: number): void {
    const { scalars } = this.#rules
    this.#levels = []
    this.#nextStep = version * scalars
    this.#lastStep = this.#nextStep + scalars
  }

  /** The direction to measure next; undefined once all is said about these weights. */
  next (): { readonly step: number, readonly seed: Seed } | undefined {
    const step = this.#nextStep + this.#levels.length
    return step < this.#lastStep ? { step, seed: seedOfStep(this.#rules.runId, step, this.#peer) } : undefined
  }

  /** Takes what was measured along `next`, which abstains where it is no number. @returns an entry once a pack is full */
  add (scalar: number): Entry | undefined {
    this.#levels.push(this.#rules.codec.encode(scalar))
    const isFull = this.#levels.length >= this.#rules.pack || this.next() === undefined
    return isFull ? this.#seal() : undefined
  }

  #seal (): Entry {
    const draft = { peer: this.#peer, index: this.#nextStep, firstStep: this.#nextStep, levels: Int8Array.from(this.#levels), pool: undefined, previous: this.#previous }
    const entry = signEntry(draft, this.#rules.runId, this.#sign)
    this.#previous = hashEntry(entry)
    this.#nextStep += this.#levels.length
    this.#levels = []
    return entry
  }
}
