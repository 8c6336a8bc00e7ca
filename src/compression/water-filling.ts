/** A tensor as the allocation sees it. */
export interface TensorMoments {
  /** Number of values. */
  readonly size: number
  /** Mean of the squares. */
  readonly secondMoment: number
  /** What a unit of squared error costs here, relative to other tensors; 1 unless something better is known. */
  readonly importance?: number
}

/** Of a level over its whole range: 2⁻⁶⁰ of it is below any difference that float64 tells. */
const BISECTIONS = 60

/**
 * Reverse water-filling (Shannon 1959; Cover and Thomas, "Elements of Information Theory", section 10.3.3): the rates that minimise Σ wₜ nₜ σₜ² 2^(−2Rₜ) with
 * Σ nₜ Rₜ = `budgetBits`. Every tensor with a rate above zero then wins equally much by its next bit: Rₜ = max(0, ½ log₂(wₜ σₜ² / θ)).
 *
 * @param least bits a value that every tensor has at least; those that would have less have these, and the others share what is left
 * @returns bits a value for each tensor, to be given to `uniform(bits) | rans`; 0 for one of zeros
 */
export function waterFilling (tensors: readonly TensorMoments[], budgetBits: number, least = 0): readonly number[] {
  const logs = tensors.map(({ secondMoment, importance = 1 }) => secondMoment * importance > 0 ? Math.log2(secondMoment * importance) : -Infinity)
  const ratesAt = (level: number): readonly number[] => logs.map(log => log === -Infinity ? 0 : Math.max(least, (log - level) / 2))
  const spentAt = (level: number): number => ratesAt(level).reduce((sum, rate, index) => sum + rate * (tensors[index] as TensorMoments).size, 0)
  let high = Math.max(...logs)
  if (high === -Infinity) return tensors.map(() => 0)
  if (spentAt(high) >= budgetBits) return ratesAt(high)
  let low = high - 2
  while (spentAt(low) < budgetBits) low = high - 2 * (high - low)
  for (let bisection = 0; bisection < BISECTIONS; bisection++) {
    const middle = (low + high) / 2
    if (spentAt(middle) > budgetBits) low = middle
    else high = middle
  }
  return ratesAt(high)
}
