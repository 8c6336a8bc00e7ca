import type { RoundRecord } from '../ports.ts'

/** Rounds that are looked back on: long enough to have met several others, short enough that a run that settles down expects less. */
const REMEMBERED_ROUNDS = 16

/** How far apart this peer's rounds found the replicas: what it expects of a stranger's. */
export class ExpectedSpread {
  readonly #spreads: number[] = []

  learn ({ outcome, spread }: Pick<RoundRecord, 'outcome' | 'spread'>): void {
    if (outcome !== 'averaged' || !Number.isFinite(spread)) return
    this.#spreads.push(spread)
    if (this.#spreads.length > REMEMBERED_ROUNDS) this.#spreads.shift()
  }

  /** Root mean square difference, per value; undefined before the first round that met somebody. */
  get value (): number | undefined {
    return this.#spreads.length === 0 ? undefined : Math.max(...this.#spreads)
  }
}
