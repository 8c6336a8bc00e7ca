import type { InnerSpec } from '../manifest/schema.ts'

/** Where cosine decay ends, as a share of the peak (Hoffmann et al., arXiv 2203.15556, decay to a tenth). */
const FINAL_SHARE = 0.1

/** Share of the budget over which WSD decays (Hägele et al., arXiv 2405.18392, section 3). */
const COOLDOWN_SHARE = 0.2

/**
 * Learning rate of an inner step: linear warm-up, then constant, or a half cosine down to a tenth at the budget's end, or
 * constant until the last fifth, which falls to nothing as 1 − √progress (WSD).
 *
 * @param step steps taken before, from 0
 * @param budgetSteps 0 for a run without end, which never decays
 */
export function learningRateAt (inner: InnerSpec, step: number, budgetSteps: number): number {
  const { learningRate, warmupSteps, decay } = inner
  if (step < warmupSteps) return learningRate * (step + 1) / warmupSteps
  if (decay === 'constant' || budgetSteps <= warmupSteps) return learningRate
  if (decay === 'wsd') return learningRate * wsdShare(step, warmupSteps, budgetSteps)
  const progress = Math.min(1, (step - warmupSteps) / (budgetSteps - warmupSteps))
  return learningRate * (FINAL_SHARE + (1 - FINAL_SHARE) * (1 + Math.cos(Math.PI * progress)) / 2)
}

function wsdShare (step: number, warmupSteps: number, budgetSteps: number): number {
  const start = Math.max(warmupSteps, Math.floor(budgetSteps * (1 - COOLDOWN_SHARE)))
  return step < start ? 1 : 1 - Math.sqrt(Math.min(1, (step - start) / (budgetSteps - start)))
}
