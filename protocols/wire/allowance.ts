/** So much at once, and so much a second from then on (a token bucket). */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Counts what others do by their names; whoever does more than the rate is told so. */
export class Allowances {
  readonly #rate: Rate
  readonly #mostNames: number
  readonly #left = new Map<string, { tokens: number, atMs: number }>()

  /** @param mostNames remembered at a time; the longest unseen are forgotten, and begin anew */
  constructor (rate: Rate, mostNames: number) {
    this.#rate = rate
    this.#mostNames = mostNames
  }

  /** @returns whether this one more is within the rate */
  take (name: string, nowMs: number): boolean {
    const { burst, perSecond } = this.#rate
    const before = this.#left.get(name) ?? { tokens: burst, atMs: nowMs }
    const tokens = Math.min(burst, before.tokens + perSecond * Math.max(0, nowMs - before.atMs) / 1000)
    const isWithin = tokens >= 1
    this.#left.delete(name)
    this.#left.set(name, { tokens: isWithin ? tokens - 1 : tokens, atMs: nowMs })
    const oldest = this.#left.keys().next()
    if (this.#left.size > this.#mostNames && oldest.done !== true) this.#left.delete(oldest.value)
    return isWithin
  }

  /** Takes one back: it turned out not to be of the kind that is limited. */
  giveBack (name: string): void {
    const before = this.#left.get(name)
    if (before !== undefined) before.tokens = Math.min(this.#rate.burst, before.tokens + 1)
  }
}

/** Holds others to a rate by letting them wait, where doing more is no offence. */
export class Paces {
  readonly #rate: Rate
  readonly #mostNames: number
  /** By name: when it would have used up nothing, at its rate. */
  readonly #freeMs = new Map<string, number>()

  /** @param mostNames remembered at a time; the longest unseen are forgotten, and begin anew */
  constructor (rate: Rate, mostNames: number) {
    this.#rate = rate
    this.#mostNames = mostNames
  }

  /** Counts one. @returns milliseconds that the next is to wait */
  take (name: string, nowMs: number): number {
    const { burst, perSecond } = this.#rate
    const freeMs = Math.max(nowMs, this.#freeMs.get(name) ?? nowMs) + 1000 / perSecond
    this.#freeMs.delete(name)
    this.#freeMs.set(name, freeMs)
    const oldest = this.#freeMs.keys().next()
    if (this.#freeMs.size > this.#mostNames && oldest.done !== true) this.#freeMs.delete(oldest.value)
    return Math.max(0, freeMs - nowMs - 1000 * burst / perSecond)
  }
}
