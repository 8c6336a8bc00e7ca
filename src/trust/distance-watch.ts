/** Contributions whose distances make the median: enough that a minority cannot move it past an honest value, few enough that it follows a swarm that drifts. */
const REMEMBERED_DISTANCES = 15
/** Fewer are no experience. */
const FEWEST_DISTANCES = 13
/** Two replicas that started alike and moved independently lie √2 of either's way apart. */
const INDEPENDENT = Math.SQRT2
/**
 * A contribution this many times further away than is usual is refused whole. Replicas that were apart for a hundred rounds come back from a tenth of that; weights
 * whose signs are flipped or that are a thousand times too large lie beyond.
 */
export const REFUSED_BEYOND = 32
/** The same where members may lie: weights of a few rounds ago and flipped signs lie beyond, honest replicas on unlike data within. */
export const REFUSED_BEYOND_WARILY = 4

/**
 * How far others' vectors of one fragment lie from this peer's, root mean square per value: a running median over the contributions that came, refused ones
 * included, so that a swarm which really drifts apart is followed. Nothing of it outlives the process.
 */
export class DistanceWatch {
  readonly #distances: number[] = []

  observe (distance: number): void {
    if (!(distance >= 0 && distance < Infinity)) return
    this.#distances.push(distance)
    if (this.#distances.length > REMEMBERED_DISTANCES) this.#distances.shift()
  }

  /**
   * What is usual: the median distance, or what this peer's own way since the last round lets expect, whichever is larger. Nobody else has a say in the second, so
   * the first contributions of a run are judged too.
   *
   * @param ownWay root mean square per value
   */
  usual (ownWay: number): number {
    const sorted = [...this.#distances].sort((one, other) => one - other)
    return Math.max(INDEPENDENT * ownWay, sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)
  }

  /**
   * Distance from which a contribution is refused; Infinity before enough is known.
   *
   * @param isWary members may lie: judged strictly, and from the first contribution on, by this peer's own way alone. Where all are trusted, only what is out of all
   *   experience is refused.
   */
  limit (ownWay: number, isWary: boolean): number {
    const usual = isWary || this.#distances.length >= FEWEST_DISTANCES ? this.usual(ownWay) : 0
    return usual > 0 ? (isWary ? REFUSED_BEYOND_WARILY : REFUSED_BEYOND) * usual : Infinity
  }
}
