import { splitDocuments, heldOutExcerpt } from '../../src/data/documents.ts'
import { createBatchSampler } from '../../src/data/batch-sampler.ts'
import type { BatchSampler } from '../../src/data/batch.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { evaluate, evaluationWindows } from '../../src/training/evaluation.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { hashCorpus, readCorpus } from '../../node/corpus/corpus.ts'
import type { Setting } from './method-setting.ts'

/** Every tenth address is held out. */
const HOLD_OUT_EVERY = 10

/** What peers train on and are judged by, and what computes. */
export interface Ground {
  readonly setting: Setting
  readonly corpus: string
  readonly model: Model
  readonly kernels: TensorKernels
  /** What the peer of this index trains on; peers share no shard. */
  sampler (seed: number, index: number): BatchSampler
  /** Held-out nats per byte; NaN for weights that are not finite. */
  judge (weights: Float32Array): Promise<number>
}

/** Starts wasm on one thread and cuts the State of the Union addresses into as many shards as there are peers: eras, or all alike. */
export async function openGround (setting: Setting, split: 'era' | 'iid' = 'era'): Promise<Ground> {
  const { kernels } = await startWasm()
  const corpus = await hashCorpus()
  const { training, heldOut } = splitDocuments(await readCorpus(corpus), { holdOutEvery: HOLD_OUT_EVERY, shards: setting.peers, split })
  const excerpt = heldOutExcerpt(heldOut, setting.heldOutBytes)
  const model = createModel(setting.model)
  return {
    setting, corpus, model, kernels,
    sampler: (seed, index) => createBatchSampler(training[index] ?? new Uint8Array(), seed * setting.peers + index, { rows: setting.batch, length: setting.model.context }),
    judge: async weights => {
      if (!weights.every(Number.isFinite)) return NaN
      const parameters = model.layout.slots.map(slot => tf.tensor(viewOf(weights, slot).slice(), [...slot.shape]))
      try {
        return (await evaluate(model, parameters, evaluationWindows(excerpt, setting.model.context))).loss
      } finally {
        tf.dispose(parameters)
      }
    }
  }
}
