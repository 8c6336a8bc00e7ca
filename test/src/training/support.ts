import { createBatchSampler } from '../../../src/data/batch-sampler.ts'
import type { BatchSampler } from '../../../src/data/batch.ts'
import { encodeBytes } from '../../../src/data/byte-tokenizer.ts'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import type { GptSpec, InnerSpec } from '../../../src/manifest/schema.ts'
import { createModel } from '../../../src/models/model.ts'
import { innerLoop } from '../../../src/training/inner-loop.ts'
import type { TrainingEvent } from '../../../src/training/inner-loop.ts'
import { createReplica } from '../../../src/training/replica.ts'
import type { Replica } from '../../../src/training/replica.ts'
import { genesisState } from '../../../src/training/trainer-state.ts'
import type { TrainerState } from '../../../src/training/trainer-state.ts'

export const spec: GptSpec = { kind: 'gpt', layers: 1, width: 8, heads: 2, context: 8, vocabulary: 256 }

export const inner: InnerSpec = {
  optimizer: 'adamw', learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, batch: 2, warmupSteps: 3, decay: 'cosine'
}

export const text = encodeBytes('the cat sat on the mat; '.repeat(20))

export function replicaOn (kernels: TensorKernels, state: TrainerState = genesisState(spec, 1), changes: Partial<InnerSpec> = {}): Replica {
  return createReplica({ model: createModel(spec), inner: { ...inner, ...changes }, budgetSteps: 40, kernels }, state)
}

export function sampler (): BatchSampler {
  return createBatchSampler(text, 7, { rows: inner.batch, length: spec.context })
}

/** Trains to `untilStep` and gives the events. */
export async function train (replica: Replica, untilStep: number, options: { shouldStop?: () => boolean, sample?: BatchSampler } = {}): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = []
  for await (const event of innerLoop({ replica, sample: sampler(), untilStep, ...options })) events.push(event)
  return events
}
