import type { Entry } from './ledger-entry.ts'

/** What came in and is not in the weights yet. */
export interface Taken {
  readonly added: readonly Entry[]
  readonly withdrawn: readonly Entry[]
  /** The first step about which anything changed; Infinity where nothing did. */
  readonly fromStep: number
}

/** Keeps what counts until the weights may move: both losses of a step are of the same θ, or their difference says nothing. */
export class Intake {
  #added: Entry[] = []
  #withdrawn: Entry[] = []
  #fromStep = Infinity

  get added (): readonly Entry[] { return this.#added }

  /** Whether the weights have everything that came of the steps before this one. */
  follows (step: number): boolean {
    return this.#fromStep >= step && [...this.#added, ...this.#withdrawn].every(({ firstStep }) => firstStep >= step)
  }

  /** What a model that is made anew lacks. */
  begin (entries: readonly Entry[]): void {
    this.#added = [...entries]
    this.#withdrawn = []
  }

  add (entry: Entry): void { this.#added.push(entry) }

  /** @param fromStep the first step at which their author's chain is another one than before */
  withdraw (entries: readonly Entry[], fromStep: number): void {
    this.#withdrawn.push(...entries)
    this.#fromStep = Math.min(this.#fromStep, fromStep)
  }

  /** What there is for the weights of entries that begin before `limit`, handed over. What was cut from a chain never returns, so that additions come first. */
  take (limit = Infinity): Taken {
    const isDue = ({ firstStep }: Entry): boolean => firstStep < limit
    const [added, withdrawn] = [this.#added.filter(isDue), this.#withdrawn.filter(isDue)]
    const fromStep = [...added, ...withdrawn].reduce((first, entry) => Math.min(first, entry.firstStep), this.#fromStep)
    this.#added = this.#added.filter(entry => !isDue(entry))
    this.#withdrawn = this.#withdrawn.filter(entry => !isDue(entry))
    this.#fromStep = Infinity
    return { added, withdrawn, fromStep }
  }
}
