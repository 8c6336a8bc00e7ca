/** Members whose latest distances make the median: enough that a minority cannot move it past an honest one, few enough that it follows a swarm that drifts. */
const REMEMBERED_MEMBERS = 15
/** Fewer members are no experience: this peer's own way stands in for those that are missing. */
const FEWEST_MEMBERS = 5
/** Two replicas that started alike and moved independently lie √2 of either's way apart. */
const INDEPENDENT = Math.SQRT2
/** Of a way alone, after each round averaged since: who went as far alone is met one after the other. */
const FADES_TO = 0.75
/** A contribution this many times further away than is usual is refused whole: weights of many rounds ago and flipped signs lie beyond, honest replicas within. */
export const REFUSED_BEYOND = 4

/**
 * How far others' vectors of one fragment lie from this peer's, root mean square per value: a running median over members, each by its latest contribution, however
 * often it comes. Refused ones are in it, so that a swarm which really drifts apart is followed. Nothing of it outlives the process.
 */
export class DistanceWatch {
  readonly #latest = new Map<string, number>()
  /** This peer's way before it last averaged, or what is left of a longer one before. */
  #lastWay = 0

  observe (member: string, distance: number): void {
    if (!(distance >= 0 && distance < Infinity)) return
    this.#latest.delete(member)
    this.#latest.set(member, distance)
    const oldest = this.#latest.keys().next()
    if (this.#latest.size > REMEMBERED_MEMBERS && oldest.done !== true) this.#latest.delete(oldest.value)
  }

  /** A round was averaged, after such a way. */
  met (ownWay: number): void {
    this.#lastWay = this.#expectedWay(ownWay)
  }

  /**
   * What is usual: the median distance, or what this peer's own way since it last averaged lets expect, whichever is larger. Nobody else has a say in the second, so
   * the first contributions of a run are judged too.
   *
   * @param ownWay root mean square per value
   */
  usual (ownWay: number): number {
    const expected = INDEPENDENT * this.#expectedWay(ownWay)
    const missing = Math.max(0, FEWEST_MEMBERS - this.#latest.size)
    const sorted = [...this.#latest.values(), ...new Array<number>(missing).fill(expected)].sort((one, other) => one - other)
    return Math.max(expected, sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)
  }

  /** Distance from which a contribution is refused; Infinity before anything is known. */
  limit (ownWay: number): number {
    const usual = this.usual(ownWay)
    return usual > 0 ? REFUSED_BEYOND * usual : Infinity
  }

  /** As far as others may have gone: as this peer, since it averaged or a few rounds earlier. */
  #expectedWay (ownWay: number): number {
    return Math.max(ownWay, FADES_TO * this.#lastWay)
  }
}
