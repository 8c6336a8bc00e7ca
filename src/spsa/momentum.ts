/** How moves are spread over the windows that follow. */
export interface MomentumRules {
  /** β, in 0 … 1 without 1: what one window's share is of the one before. */
  readonly beta: number
  /** Windows of an epoch, and of the whole run. */
  readonly epochWindows: number
  readonly runWindows: number
}

/** β^m (1 − β) / (1 − β^M) for m below M: what a direction moves now and in the steps that follow, 1 in all. */
export function momentumShares (beta: number, steps: number): number[] {
  const powers = Array.from({ length: steps }).reduce<number[]>(made => [...made, (made.at(-1) ?? 1) * (made.length === 0 ? 1 : beta)], [])
  const total = powers.reduce((sum, power) => sum + power, 0)
  return powers.map(power => power / total)
}

/**
 * Momentum as a function of a set of bytes: v ← β v + Σ bytes of a window, θ ← θ − v, unrolled, so that each byte's move is spread over its own window and those that
 * follow, in shares 1, β, β² … that sum to 1. None is left for after its epoch: a snapshot stands for all of it, and no vector travels beside the weights.
 */
export class Momentum {
  readonly #rules: MomentumRules
  /** Σ β^m for m below the index. */
  readonly #sums: readonly number[]

  constructor (rules: MomentumRules) {
    this.#rules = rules
    const sums = [0]
    for (let power = 1; sums.length <= rules.epochWindows; power *= rules.beta) sums.push((sums.at(-1) ?? 0) + power)
    this.#sums = sums
  }

  /**
   * The part of a move that has been made by the end of a window.
   *
   * @param window of the byte
   * @param ended windows that have ended, so that the byte's own one counts from window + 1 on
   */
  made (window: number, ended: number): number {
    const { epochWindows, runWindows } = this.#rules
    const left = Math.min((Math.floor(window / epochWindows) + 1) * epochWindows, runWindows) - window
    const passed = Math.min(ended - window, left)
    return passed === left ? 1 : (this.#sums[passed] ?? 0) / (this.#sums[left] ?? 1)
  }
}
