import type { LaneReading } from './lane-reading.ts'

/**
 * Two independent estimates of one vector, unbiased or not, are put together with the least expected error by the weight V₁ / (V₁ + V₂) of the second, where V is
 * each one's expected squared distance to the truth, bias included; V₁V₂ / (V₁ + V₂) is left.
 */
export function leastErrorWeight (firstVariance: number, secondVariance: number): number {
  return firstVariance > 0 ? firstVariance / (firstVariance + secondVariance) : 0
}

/**
 * V₂ of y = Σ ĝ z / n about a gradient g: ((d − 2 + m₄) ‖g‖² + d σ²) / n, since one ĝ z has E‖ĝ z‖² = (d − 1 + m₄)‖g‖² + d σ², and n of them are independent.
 *
 * @param size d, weights that directions move
 * @param count n
 * @param noiseSquare σ², the variance of ĝ that batches bring
 * @param fourthMoment m₄ of the noise: 1 for signs
 */
export function estimateVariance (size: number, count: number, gradientSquare: number, noiseSquare = 0, fourthMoment = 1): number {
  return ((size - 2 + fourthMoment) * gradientSquare + size * noiseSquare) / count
}

/** What first-order peers know of their own error. */
export interface FirstOrderError {
  /** Root mean square over the weights of the others' mean contribution less this peer's own, as the last round had it. */
  readonly spread: number
  /** Members whose contributions were averaged, this peer included. */
  readonly members: number
}

/**
 * V₁, the expected squared distance of the mean of k contributions to what endlessly many would have given: independent ones that lie v from it each have
 * E (spread² d) = v (1 + 1/(k−1)) and V₁ = v/k, hence d · spread² · (k−1)/k².
 */
export function firstOrderVariance ({ spread, members }: FirstOrderError, size: number): number {
  return members < 2 || !Number.isFinite(spread) ? 0 : size * spread ** 2 * (members - 1) / members ** 2
}

/** Inner products of this peer's outer gradient Δ and of the scalars' y, over all weights. */
export interface LaneProducts {
  readonly deltaSquare: number
  readonly estimateSquare: number
  readonly product: number
}

export interface LaneWeight {
  /** c: steps of the inner optimizer that lie between a gradient at φ and an outer gradient. */
  readonly scale: number
  /** w in Δ ← (1 − w) Δ + w c y; 0 where scalars tell nothing. */
  readonly weight: number
}

/** Beyond this the first-order peers would no longer tell how far they are apart themselves. */
const MOST_WEIGHT = 0.9

/**
 * How much what scalars say of φ counts beside this peer's outer gradient Δ.
 *
 * y points along the gradient at φ, Δ is what many steps made of it: the scalars themselves say how long the one is beside the other. The least squares of z·Δ over
 * ĝ, c = ⟨Δ, y⟩ / mean ĝ², is too small rather than too large where ĝ is noisy. Then ‖c y − Δ‖², which can be measured, is expected to be the error of c y, its bias
 * included, and this one member's error k V₁; what is left of it after that is V₂ (Green and Strawderman, JASA 86, 1991, on an estimate without and one with a bias).
 *
 * @param variance V₁ of the mean of k contributions
 * @param members k
 */
export function laneWeight ({ deltaSquare, estimateSquare, product }: LaneProducts, { count, meanSquare }: Pick<LaneReading, 'count' | 'meanSquare'>, variance: number, members: number): LaneWeight {
  if (count === 0 || !(product > 0) || !(meanSquare > 0)) return { scale: 0, weight: 0 }
  const scale = product / meanSquare
  const distance = scale ** 2 * estimateSquare - 2 * scale * product + deltaSquare
  const weight = Math.min(MOST_WEIGHT, leastErrorWeight(variance, Math.max(0, distance - members * variance)))
  return Number.isFinite(weight) && Number.isFinite(scale) ? { scale, weight } : { scale: 0, weight: 0 }
}
