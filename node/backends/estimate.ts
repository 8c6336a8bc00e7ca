import type { GptSpec } from '../../src/manifest/schema.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import type { BackendReport } from './contract.ts'

/** A model so small that what a step costs besides its products shows. */
export const SPEED_MODEL: GptSpec = { kind: 'gpt', layers: 2, width: 64, heads: 4, context: 64, vocabulary: 256 }
/** Its sequences in a step. */
export const SPEED_BATCH = 4

/** Floating-point operations of a training step: two a parameter and token forwards, twice that backwards (arXiv 2001.08361). */
export function flopsOfStep (parameters: number, tokens: number): number {
  return 6 * parameters * tokens
}

/**
 * Estimates how long a backend takes for a step of so many operations: as long as for the small model that was measured, and
 * for what goes beyond that, the time of its matrix products.
 */
export function estimateStepSeconds ({ tokensPerSecond, matmulGflops }: BackendReport, flops: number): number {
  const [smallSeconds, smallFlops] = [SPEED_BATCH * SPEED_MODEL.context / tokensPerSecond, flopsOfStep(modelLayout(SPEED_MODEL).size, SPEED_BATCH * SPEED_MODEL.context)]
  if (flops <= smallFlops) return smallSeconds
  return smallSeconds + (flops - smallFlops) / (matmulGflops * 1e9)
}
