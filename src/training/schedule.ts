import type { InnerSpec } from '../manifest/schema.ts'

/** Where cosine decay ends, as a share of the peak (Hoffmann et al., arXiv 2203.15556, decay to a tenth). */
const FINAL_SHARE = 0.1

/**
 * Learning rate of an inner step: linear warm-up, then constant, or a half cosine down to a tenth at the budget's end.
 *
 * @param step steps taken before, from 0
 * @param budgetSteps 0 for a run without end, which never decays
 */
export function learningRateAt (inner: InnerSpec, step: number, budgetSteps: number): number {
  const { learningRate, warmupSteps, decay } = inner
  if (step < warmupSteps) return learningRate * (step + 1) / warmupSteps
  if (decay === 'constant' || budgetSteps <= warmupSteps) return learningRate
  const progress = Math.min(1, (step - warmupSteps) / (budgetSteps - warmupSteps))
  return learningRate * (FINAL_SHARE + (1 - FINAL_SHARE) * (1 + Math.cos(Math.PI * progress)) / 2)
}
