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
const NOTHING: LaneWeight = { scale: 0, weight: 0 }

/**
 * How much what scalars say of φ counts beside this peer's outer gradient Δ.
 *
 * y lies about the gradient at φ, Δ is what many steps made of it. Of Δ, ‖D‖² = ‖Δ‖² − k V₁ is expected to be no noise, and c = ‖D‖² / ⟨Δ, y⟩ makes y as long as that in
 * Δ's direction, so that the mixture takes noise away and not the step. (Least squares of z·Δ over ĝ would be too small where ĝ is noisy, and shrink Δ instead.) Then
 * V₂ = ‖c y‖² − ‖D‖² is all that c y has besides, its bias included: where y hardly points along Δ, c and with it V₂ are large, and the weight is next to nothing.
 * (Green and Strawderman, JASA 86, 1991, put an unbiased and a biased estimate together like that.)
 *
 * @param variance V₁ of the mean of k contributions
 * @param members k
 */
export function laneWeight ({ deltaSquare, estimateSquare, product }: LaneProducts, variance: number, members: number): LaneWeight {
  const goalSquare = deltaSquare - members * variance
  if (!(variance > 0 && goalSquare > 0 && product > 0)) return NOTHING
  const scale = goalSquare / product
  const weight = Math.min(MOST_WEIGHT, leastErrorWeight(variance, Math.max(0, scale ** 2 * estimateSquare - goalSquare)))
  return Number.isFinite(scale) && weight > 0 ? { scale, weight } : NOTHING
}
