/** What snapshots may cost a disk on average: a hundredth of what it writes. */
const DISK_BYTES_PER_SECOND = 2e6
/** Snapshots of small models are not taken more often: joiners find one that is a few seconds old. */
const SHORTEST_MS = 2_000
/** With pauses longer than this many of the shortest, snapshots are taken twice as often. */
const LONG_PAUSES = 4

/**
 * The rounds after which every member takes a snapshot without asking anybody: multiples of a power of two, which each member doubles when they come too soon
 * for its disk and halves when they come too late. Members of unlike pace have the rounds of the slower one in common.
 */
export class SnapshotCadence {
  readonly #shortestMs: number
  #every = 1
  #takenMs = -Infinity

  /** @param bytes of a snapshot */
  constructor (bytes: number) { this.#shortestMs = Math.max(SHORTEST_MS, 1000 * bytes / DISK_BYTES_PER_SECOND) }

  /** Whether to take one after this round; told of every round. */
  isDue (round: number, nowMs: number): boolean {
    if (round % this.#every !== 0) return false
    const pauseMs = nowMs - this.#takenMs
    this.#takenMs = nowMs
    if (pauseMs < this.#shortestMs) this.#every *= 2
    else if (pauseMs > LONG_PAUSES * this.#shortestMs && this.#every > 1) this.#every /= 2
    return true
  }
}
