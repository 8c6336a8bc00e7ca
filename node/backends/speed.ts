import { createBatchSampler } from '../../src/data/batch-sampler.ts'
import { measureMatmul } from '../../src/kernels/measure.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import type { GptSpec } from '../../src/manifest/schema.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { createModel } from '../../src/models/model.ts'
import { createReplica } from '../../src/training/replica.ts'
import { genesisState } from '../../src/training/trainer-state.ts'
import type { BackendReport } from './contract.ts'

/** Sizes of square matrices, from what plain JavaScript multiplies at once to what fills a large graphics card. */
const SIZES = [128, 256, 512, 1024, 2048, 4096] as const
/** A product that takes as long is measured well; a larger one would only take longer. */
const ENOUGH_MS = 8
const REPEATS = 4

/** A model so small that what a step costs besides its products shows. */
const MODEL: GptSpec = { kind: 'gpt', layers: 2, width: 64, heads: 4, context: 64, vocabulary: 256 }
const BATCH = 4
/** The first steps compile and allocate. */
const WARM_STEPS = 2
const TRAINING_MS = 500

/** Floating-point operations of a training step: two a parameter and token forwards, twice that backwards (arXiv 2001.08361). */
export function flopsOfStep (parameters: number, tokens: number): number {
  return 6 * parameters * tokens
}

/**
 * Estimates how long a backend takes for a step of so many operations: as long as for the small model that was measured, and
 * for what goes beyond that, the time of its matrix products.
 */
export function estimateStepSeconds ({ tokensPerSecond, matmulGflops }: BackendReport, flops: number): number {
  const [smallSeconds, smallFlops] = [BATCH * MODEL.context / tokensPerSecond, flopsOfStep(modelLayout(MODEL).size, BATCH * MODEL.context)]
  if (flops <= smallFlops) return smallSeconds
  return smallSeconds + (flops - smallFlops) / (matmulGflops * 1e9)
}

export interface MatmulSpeed {
  readonly gflops: number
  readonly size: number
}

/** Speed of the active backend on the smallest square product that keeps it busy. */
export async function measureMatmulSpeed (): Promise<MatmulSpeed> {
  const nowMs = (): number => performance.now()
  let best: MatmulSpeed = { gflops: 0, size: 0 }
  for (const size of SIZES) {
    const gflops = await measureMatmul(size, REPEATS, nowMs)
    best = { gflops, size }
    if (2 * size ** 3 / (gflops * 1e6) > ENOUGH_MS) break
  }
  return best
}

/** Tokens a second of training a GPT of two layers, width 64, on batches of 4 sequences of 64. */
export async function measureTraining (kernels: TensorKernels): Promise<number> {
  const model = createModel(MODEL)
  const inner = draftInner({ learningRate: 1e-3, batch: BATCH, steps: 1000 })
  const replica = createReplica({ model, inner, budgetSteps: 0, kernels }, genesisState(MODEL, 1))
  const sample = createBatchSampler(Uint8Array.from({ length: 4096 }, (_, index) => index * index % 251), 1, { rows: BATCH, length: MODEL.context })
  for (let step = 0; step < WARM_STEPS; step++) await replica.takeStep(sample(step))
  const startedMs = performance.now()
  let steps = 0
  do {
    await replica.takeStep(sample(WARM_STEPS + steps))
    steps++
  } while (performance.now() - startedMs < TRAINING_MS)
  const seconds = (performance.now() - startedMs) / 1000
  replica.dispose()
  return steps * BATCH * MODEL.context / seconds
}
