import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** How links misbehave. */
export interface Roughness {
  /** Probabilities that a message vanishes and that it arrives twice. */
  readonly lost: number
  readonly repeated: number
  /** Up to so much later, each message for itself: they overtake one another. */
  readonly jitterMs: number
}

/** One way. */
export const ROUGH_LATENCY_MS = 30

/** Links worse than any that peers speak over: messages vanish, repeat and overtake one another. For machines alone; whole scenarios have the lines and connections of `VirtualNetwork`. */
export class RoughLinks {
  readonly #clock: VirtualClock
  readonly #chance: Words
  readonly #roughness: Roughness & { readonly latencyMs: number }

  constructor (clock: VirtualClock, chance: Words, roughness: Roughness & { readonly latencyMs?: number | undefined }) {
    this.#clock = clock
    this.#chance = chance
    this.#roughness = { ...roughness, latencyMs: roughness.latencyMs ?? ROUGH_LATENCY_MS }
  }

  /** @param arrive called never, once or twice */
  carry (arrive: () => void): void {
    const { lost, repeated, jitterMs, latencyMs } = this.#roughness
    if (fraction(this.#chance) < lost) return
    for (let copy = fraction(this.#chance) < repeated ? 2 : 1; copy > 0; copy--) this.#clock.schedule(latencyMs + jitterMs * fraction(this.#chance), arrive)
  }
}
