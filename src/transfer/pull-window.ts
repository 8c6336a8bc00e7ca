import { CHUNK_BYTES } from './chunk-plan.ts'

/**
 * How much longer a chunk may take than the quickest one from its source did. What is in flight beyond a round trip waits in a queue (Little's law), and a control message waits
 * behind it, twice when it has to open a stream first: a fifth of a second of whatever the link carries, 25 kB at 1 Mbit/s and 250 kB at 10 Mbit/s.
 */
export const LONGEST_QUEUE_MS = 200

/**
 * How long a chunk may take in all: whoever comes when others have filled the queue takes theirs for the line's own time. With round trips up to this the link is kept busy;
 * several sources over one link share it, each seeing the queue that all of them make.
 */
export const LONGEST_FLIGHT_MS = 500

/** In flight at least, or nothing would be known of the link: from four sources 0.52 s of 1 Mbit/s; below half of that control waits longer. */
export const SMALLEST_WINDOW_BYTES = CHUNK_BYTES

/** In flight at most from one source, which bounds what waits in its socket: half a second of 32 Mbit/s. */
export const LARGEST_WINDOW_BYTES = 2 * 1024 * 1024

/**
 * How old the quickest chunk may be that others are measured by: a line's round trip may grow for good, to another path or to a slower radio. The length of BBR's filter of the
 * shortest round trip (Cardwell, Cheng, Gunn, Yeganeh, Jacobson, "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016, section "Characterizing the bottleneck").
 */
export const OLDEST_QUICKEST_MS = 10_000

/**
 * How much to have in flight from one source, from how long chunks take. Grows while they are quick, shrinks once a window when they are late. What quick is, is learnt anew where
 * chunks that go alone are late, too: BBR holds back on purpose to see the line without its own queue, and this window is that small by then.
 */
export class PullWindow {
  #bytes = SMALLEST_WINDOW_BYTES
  #shrunkMs = -Infinity
  #quickestMs = Infinity
  /** The quickest since a chunk went alone. */
  #lately = { sinceMs: -Infinity, quickestMs: Infinity }

  get bytes (): number { return this.#bytes }

  arrived (bytes: number, askedMs: number, nowMs: number): void {
    const flightMs = nowMs - askedMs
    this.#quickestMs = Math.min(this.#quickestMs, flightMs)
    this.#lately.quickestMs = Math.min(this.#lately.quickestMs, flightMs)
    if (this.#bytes === SMALLEST_WINDOW_BYTES && askedMs >= this.#shrunkMs) this.#wentAlone(flightMs, nowMs)
    const limitMs = Math.min(LONGEST_FLIGHT_MS, this.#quickestMs + LONGEST_QUEUE_MS)
    if (flightMs > limitMs) this.#shrink(limitMs / flightMs, askedMs, nowMs)
    else this.#bytes = Math.min(LARGEST_WINDOW_BYTES, this.#bytes + (flightMs <= this.#quickestMs + LONGEST_QUEUE_MS / 4 ? bytes : bytes * bytes / this.#bytes))
  }

  /** Of two chunks that went alone the later one ends the time of all that were quicker before the earlier one; of two that lie far apart each may have met a queue of others'. */
  #wentAlone (flightMs: number, nowMs: number): void {
    const agedMs = nowMs - this.#lately.sinceMs
    if (agedMs < OLDEST_QUICKEST_MS) return
    if (agedMs < 2 * OLDEST_QUICKEST_MS) this.#quickestMs = this.#lately.quickestMs
    this.#lately = { sinceMs: nowMs, quickestMs: flightMs }
  }

  /** To what would have arrived in time; what was asked before the last time says nothing of the window now. */
  #shrink (share: number, askedMs: number, nowMs: number): void {
    if (askedMs < this.#shrunkMs) return
    this.#shrunkMs = nowMs
    this.#bytes = Math.max(SMALLEST_WINDOW_BYTES, this.#bytes * Math.max(0.5, share))
  }
}
