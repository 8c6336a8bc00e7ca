import type { MethodSpec } from '../manifest/schema.ts'

/**
 * A partner is waited for as long as half of this peer's own last stretch of training: a peer half as fast as the rest arrives within that, and a
 * partner that never comes costs at most a third of the time.
 */
const STRETCH_FRACTION = 0.5

/** However short the stretches, where the method says nothing of it: three round trips over a slow link (300 ms), the least in which an offer and its answer can pass. */
const MINIMUM_PATIENCE_MS = 1000

/** Stretches vary from one to the next on a busy machine, hardly ever by this factor. */
const OVERDUE = 2

/** Share of its training time that a peer rests to get into step, or for peers of other speeds: those who are as fast as each other stay in step once they are, others stop trying. */
const ALIGNING_SHARE = 0.05

/** What may be saved up of it: one wait as long as patience. */
const SAVED_WAITS = 1

/** Once this peer wants to stop, the partner's commit is at most a slow round trip away, and people wait for a stop. */
export const STOP_PATIENCE_MS = 2000

/** With enough members there, the others still get one slow round trip: those who are as fast come that much apart. */
const MINIMUM_GRACE_MS = 300

/** Share of the slack that stragglers get, so that the round still lands in time when the link is slower than the last time. */
const GRACE_MARGIN = 0.5

/** Rounds by whose arrivals the next one is judged. */
export const REMEMBERED_ARRIVALS = 16

/** What a method says of waiting. */
type Waits = Pick<MethodSpec, 'graceMs' | 'patienceMs'>

/**
 * How long to wait for a partner to reach a round, in milliseconds. Never longer than the method's grace.
 *
 * @param stretchMs how long this peer's own last stretch of training took
 */
export function patienceMs (stretchMs: number, { graceMs, patienceMs: leastMs = MINIMUM_PATIENCE_MS }: Waits): number {
  return Math.min(graceMs, Math.max(leastMs, STRETCH_FRACTION * stretchMs))
}

/**
 * How late a member may be, by its own word, before this peer goes on as if it were not there: a stretch and the round after it, twice as long as this peer's own took. A
 * member that is paused, dead or cut off says nothing, and it takes membership a minute and a half to miss it; its next word brings it back.
 *
 * @param restedMs for how long this peer rested for its last round that averaged
 */
export function overdueMs (stretchMs: number, restedMs: number, waits: Waits): number {
  return OVERDUE * (Math.max(stretchMs, patienceMs(stretchMs, waits)) + restedMs)
}

/** The time that may be spent on getting into step and on peers of other speeds, after another stretch of training. */
export function earnedCreditMs (creditMs: number, stretchMs: number, waits: Waits): number {
  return Math.min(SAVED_WAITS * patienceMs(stretchMs, waits), creditMs + ALIGNING_SHARE * stretchMs)
}

/**
 * How much longer to wait once a quorum is there: margin · (τ·step − time since the contribution was taken), as in Decoupled DiLoCo (arXiv 2604.21428), so that
 * the wait costs nothing; a round trip where there is no slack.
 *
 * @param slackMs training time for which a fragment may be in flight; 0 where the trainer rests
 * @param elapsedMs since the contribution was taken
 */
export function adaptiveGraceMs (slackMs: number, elapsedMs: number, graceMs: number): number {
  return Math.min(graceMs, Math.max(MINIMUM_GRACE_MS, GRACE_MARGIN * (slackMs - elapsedMs)))
}

/**
 * How many members to wait for: n − b with the b backup workers that make the expected gain a second largest (dynamic backup workers, arXiv 2102.06280). The gain of a
 * round with k contributions is taken as k / (k + 1): that of averaging k gradients whose noise is as large as what they agree on. The time is a
 * stretch of training and the mean wait until the k-th of them came.
 *
 * @param quorum the fewest to settle for, this peer included
 * @param members n, this peer included
 * @param arrivals of the latest rounds: when each of the others came, in milliseconds after this peer, earliest first; who did not come is missing
 * @param patience what waiting in vain costs, in milliseconds
 */
export function enoughMembers (quorum: number, members: number, arrivals: ReadonlyArray<readonly number[]>, stretchMs: number, patience: number): number {
  if (quorum >= members) return members
  if (arrivals.length === 0) return quorum
  const waitFor = (count: number): number => arrivals.reduce((sum, came) => sum + Math.max(0, count < 2 ? 0 : came[count - 2] ?? patience), 0) / arrivals.length
  const isLikely = (count: number): number => arrivals.filter(came => came.length >= count - 1).length / arrivals.length
  const rate = (count: number): number => {
    const expected = isLikely(count) * count + (1 - isLikely(count)) * quorum
    return expected / (expected + 1) / (Math.max(1, stretchMs) + waitFor(count))
  }
  let best = Math.max(1, quorum)
  for (let count = best + 1; count <= members; count++) if (rate(count) > rate(best)) best = count
  return best
}

/** Milliseconds as people read them. */
export function seconds (milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
