/**
 * A partner is waited for as long as half of this peer's own last stretch of training: a peer half as fast as the rest arrives within that, and a
 * partner that never comes costs at most a third of the time.
 */
const STRETCH_FRACTION = 0.5

/** However short the stretches: three round trips over a slow link (300 ms), the least in which an offer and its answer can pass. */
const MINIMUM_PATIENCE_MS = 1000

/** Once this peer wants to stop, the partner's commit is at most a slow round trip away; a graceful stop has ten seconds in all. */
export const STOP_PATIENCE_MS = 2000

/**
 * How long to wait for a partner to reach a round, in milliseconds. Never longer than the method's grace.
 *
 * @param stretchMs how long this peer's own last stretch of training took
 */
export function patienceMs (stretchMs: number, graceMs: number): number {
  return Math.min(graceMs, Math.max(MINIMUM_PATIENCE_MS, STRETCH_FRACTION * stretchMs))
}

/** Milliseconds as people read them. */
export function seconds (milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
