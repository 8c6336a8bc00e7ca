import { createBatchSampler } from '../../src/data/batch-sampler.ts'
import { measureMatmul } from '../../src/kernels/measure.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import { createModel } from '../../src/models/model.ts'
import { createReplica } from '../../src/training/replica.ts'
import { genesisState } from '../../src/training/trainer-state.ts'
import { SPEED_BATCH, SPEED_MODEL } from './estimate.ts'

/** Sizes of square matrices, from what plain JavaScript multiplies at once to what fills a large graphics card. */
const SIZES = [128, 256, 512, 1024, 2048, 4096] as const
/** A product that takes as long is measured well; a larger one would only take longer. */
const ENOUGH_MS = 8
const REPEATS = 4

/** The first steps compile and allocate, and show whether the backend trains right. */
const WARM_STEPS = 4
/** The loss of the last of them, as the reference backend computes it; any change of genesis or batches changes it. */
const WARM_LOSS = 5.03176
/** Sums in another order differ by a millionth; a wrong gradient or optimizer differs by tenths. */
const LOSS_TOLERANCE = 1e-3
const TRAINING_MS = 500

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

/**
 * Tokens a second of training a GPT of two layers, width 64, on batches of 4 sequences of 64.
 *
 * @throws Error when it does not train as it should
 */
export async function measureTraining (kernels: TensorKernels): Promise<number> {
  const model = createModel(SPEED_MODEL)
  // At once at full rate, so that a few steps change the loss by much.
  const inner = { ...draftInner({ learningRate: 3e-3, batch: SPEED_BATCH, steps: 0 }), warmupSteps: 0 }
  const replica = createReplica({ model, inner, budgetSteps: 0, kernels }, genesisState(SPEED_MODEL, 1))
  const sample = createBatchSampler(Uint8Array.from({ length: 4096 }, (_, index) => index * index % 251), 1, { rows: SPEED_BATCH, length: SPEED_MODEL.context })
  let loss = NaN
  for (let step = 0; step < WARM_STEPS; step++) {
    const outcome = await replica.takeStep(sample(step))
    loss = outcome.kind === 'stepped' ? outcome.loss : NaN
  }
  if (!(Math.abs(loss - WARM_LOSS) < LOSS_TOLERANCE)) throw new Error(`it trains wrong: after ${WARM_STEPS} steps the loss is ${loss} where ${WARM_LOSS} is right`)
  const startedMs = performance.now()
  let steps = 0
  do {
    await replica.takeStep(sample(WARM_STEPS + steps))
    steps++
  } while (performance.now() - startedMs < TRAINING_MS)
  const seconds = (performance.now() - startedMs) / 1000
  replica.dispose()
  return steps * SPEED_BATCH * SPEED_MODEL.context / seconds
}
