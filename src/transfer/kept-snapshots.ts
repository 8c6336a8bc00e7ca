/** A joiner that comes now and one that came a moment ago find the same rounds on all members. */
const NEWEST_KEPT = 3
/** A round that somebody is fetching, or was until it was interrupted, stays for so long after it was last asked for. */
export const HELD_MS = 300_000

/**
 * Rounds whose snapshots a member is to forget: the newest stay, and those that somebody fetches, as far as there are places.
 *
 * @param held by round, the newest last
 */
export function forgettable (held: ReadonlyMap<number, { readonly heldUntilMs: number }>, nowMs: number, places: number): readonly number[] {
  const surplus = held.size - places
  return [...held].slice(0, -NEWEST_KEPT).filter(([, { heldUntilMs }], index) => heldUntilMs <= nowMs || index < surplus).map(([round]) => round)
}

/**
 * Whether a snapshot is not to be replaced by a later one of the same round, which a peer that trains alone under a round's number has: somebody fetches it,
 * and files that change while they are read would never be whole, or pass for lies.
 */
export function isFetched (held: { readonly heldUntilMs: number } | undefined, nowMs: number): boolean {
  return held !== undefined && held.heldUntilMs > nowMs
}
