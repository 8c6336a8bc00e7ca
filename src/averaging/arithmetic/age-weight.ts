/** Exponent of the polynomial staleness weight that FedAsync found best (Xie et al., arXiv 1903.03934). */
const STALENESS_EXPONENT = 0.5

/**
 * What a fragment counts that lands late: 1 within its τ steps, then (1 + a)^(−1/2) for a lateness of a rounds.
 *
 * @param ageSteps inner steps since it was sent
 * @param overlapSteps τ
 * @param roundSteps inner steps between two rounds, H/F
 */
export function ageWeight (ageSteps: number, overlapSteps: number, roundSteps: number): number {
  const lateRounds = Math.max(0, ageSteps - overlapSteps) / roundSteps
  return (1 + lateRounds) ** -STALENESS_EXPONENT
}
