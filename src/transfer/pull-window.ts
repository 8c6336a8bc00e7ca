import { CHUNK_BYTES } from './chunk-plan.ts'

/**
 * How long a chunk may take from being asked for to being here. What is in flight is rate × time (Little's law), so this bounds it to half a second of
 * whatever the link carries, and a control message that queues up behind it waits no longer than that: 62 kB at 1 Mbit/s, 625 kB at 10 Mbit/s. With round
 * trips up to this, the link is kept busy; several sources over one link share its half second, each seeing the queue that all of them make.
 */
export const LONGEST_FLIGHT_MS = 500

/** In flight at least, or nothing would be known of the link: from four sources 0.52 s of 1 Mbit/s; below half of that control waits longer. */
export const SMALLEST_WINDOW_BYTES = CHUNK_BYTES

/** In flight at most from one source, which bounds what waits in its socket: half a second of 32 Mbit/s. */
export const LARGEST_WINDOW_BYTES = 2 * 1024 * 1024

/** How much to have in flight from one source, from how long chunks take. Grows while they are quick, shrinks once a window when they are late. */
export class PullWindow {
  #bytes = SMALLEST_WINDOW_BYTES
  #shrunkMs = -Infinity

  get bytes (): number { return this.#bytes }

  arrived (bytes: number, askedMs: number, nowMs: number): void {
    const flightMs = nowMs - askedMs
    if (flightMs > LONGEST_FLIGHT_MS) this.#shrink(flightMs, askedMs, nowMs)
    else this.#bytes = Math.min(LARGEST_WINDOW_BYTES, this.#bytes + (flightMs <= LONGEST_FLIGHT_MS / 2 ? bytes : bytes * bytes / this.#bytes))
  }

  /** To what would have arrived in time; what was asked before the last time says nothing of the window now. */
  #shrink (flightMs: number, askedMs: number, nowMs: number): void {
    if (askedMs < this.#shrunkMs) return
    this.#shrunkMs = nowMs
    this.#bytes = Math.max(SMALLEST_WINDOW_BYTES, this.#bytes * Math.max(0.5, LONGEST_FLIGHT_MS / flightMs))
  }
}
