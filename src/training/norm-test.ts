/** Norms of one step's gradients, pass by pass. */
export interface PassNorms {
  /** ‖g_k‖² of each pass. */
  readonly squaredNorms: readonly number[]
  /** ‖ḡ‖² of their mean. */
  readonly meanSquaredNorm: number
}

export interface BatchGrowth {
  /** η of the test: the standard error of the gradient as a share of its norm, 0 to 1. */
  readonly tolerance: number
  /** Passes that no step exceeds. */
  readonly mostPasses: number
}

/**
 * Variance of a single pass's gradient, from the spread of K of them: K/(K−1) · (mean ‖g_k‖² − ‖ḡ‖²), without bias. NaN for one pass, whose spread nobody knows.
 */
export function passVariance ({ squaredNorms, meanSquaredNorm }: PassNorms): number {
  const passes = squaredNorms.length
  const meanOfSquares = squaredNorms.reduce((sum, norm) => sum + norm, 0) / passes
  return passes < 2 ? NaN : Math.max(0, passes / (passes - 1) * (meanOfSquares - meanSquaredNorm))
}

/**
 * Passes of the next step by the norm test (AdAdaGrad, arXiv 2402.11215, after Byrd et al. 2012): K are enough while Var / K ≤ η² ‖ḡ‖²; where they are not, so many as
 * would have been, ⌈Var / (η² ‖ḡ‖²)⌉. A batch never shrinks, and never exceeds `mostPasses`.
 */
export function passesAfter (norms: PassNorms, { tolerance, mostPasses }: BatchGrowth): number {
  const passes = norms.squaredNorms.length
  const wanted = passVariance(norms) / (tolerance ** 2 * norms.meanSquaredNorm)
  return wanted > passes ? Math.max(passes, Math.min(mostPasses, Math.ceil(wanted))) : passes
}
