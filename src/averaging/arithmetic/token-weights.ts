/** Tokens count up to this ratio between any two members: those further apart in speed seldom meet (decision 0003). */
const LARGEST_RATIO = 4

/**
 * The members' shares of a mean, by the tokens that each trained on. Tokens are claimed, not proven, so they count within a factor of 2 on either side of the
 * group's middle (the geometric mean of its two middle values): 4 : 1 at most between any two, the same on whichever member computes it.
 *
 * @param tokens of each member, in an order that all agree on
 * @returns shares that sum to 1
 */
export function tokenShares (tokens: readonly number[]): readonly number[] {
  const claims = tokens.map(count => Math.max(1, count))
  const sorted = [...claims].sort((one, other) => one - other)
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 1
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 1
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)
  // Middles that are themselves further apart leave nobody in between; a pair's shares are thus exact.
  const bounded = upper > LARGEST_RATIO * lower
    ? claims.map(count => count > lower ? LARGEST_RATIO : 1)
    : claims.map(count => Math.min(Math.max(count, Math.sqrt(lower * upper / LARGEST_RATIO)), Math.sqrt(lower * upper * LARGEST_RATIO)))
  return bounded.map(count => count / total(bounded))
}
