import { centeredClip } from './centered-clip.ts'
import { flagMean } from './flag-mean.ts'
import { coordinateMedian, trimmedMean } from './order-means.ts'

/** How several contributions become one; `mean` trusts them all, by their tokens. */
export const ROBUST_RULES = ['mean', 'trimmed-mean', 'median', 'centered-clip', 'flag'] as const
export type RobustRule = typeof ROBUST_RULES[number]

/** Below, no order and no subspace tells a liar from the other one: only the distance to oneself does. */
export const FEWEST_FOR_ORDER = 3

/**
 * The mean of a group that some members may have lied to. All rules but `mean` count members alike, whatever tokens they claim, and two vectors are always clipped around the
 * own one.
 *
 * @param vectors of all members, this peer's own at `own`; none is changed
 * @param radius of a pair's clipping, Euclidean
 */
export function robustMean (rule: Exclude<RobustRule, 'mean'>, vectors: readonly Float32Array[], own: number, radius: number): Float32Array {
  const origin = vectors[own] as Float32Array
  if (vectors.length < FEWEST_FOR_ORDER) return centeredClip(vectors, origin, radius)
  switch (rule) {
    case 'trimmed-mean': return trimmedMean(vectors)
    case 'median': return coordinateMedian(vectors)
    case 'centered-clip': return centeredClip(vectors, origin)
    case 'flag': return flagMean(vectors)
  }
}
