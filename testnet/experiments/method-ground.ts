import { splitDocuments, heldOutExcerpt } from '../../src/data/documents.ts'
import { createBatchSampler } from '../../src/data/batch-sampler.ts'
import type { BatchSampler } from '../../src/data/batch.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { evaluate, evaluationWindows } from '../../src/training/evaluation.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { hashCorpus, readCorpus } from '../../node/corpus/corpus.ts'
import { RealLearner } from './method-learner.ts'
import type { Setting } from './method-setting.ts'

/** Every tenth address is held out. */
const HOLD_OUT_EVERY = 10
/** Apart from the seeds of peers’ own batches. */
const BEFOREHAND_SEED = 1_000_000

/** What peers train on and are judged by, and what computes. */
export interface Ground {
  readonly setting: Setting
  readonly corpus: string
  readonly model: Model
  readonly kernels: TensorKernels
  /** What the peer of this index trains on; peers share no shard. */
  sampler (seed: number, index: number): BatchSampler
  /** What all peers of a seed start from. */
  genesis (seed: number): Promise<Float32Array>
  /** Held-out nats per byte; NaN for weights that are not finite. */
  judge (weights: Float32Array): Promise<number>
}

/** Starts wasm on one thread and cuts the State of the Union addresses into as many shards as there are peers: eras, or all alike. */
export async function openGround (setting: Setting, split: 'era' | 'iid' = setting.split ?? 'era'): Promise<Ground> {
  const { kernels } = await startWasm()
  const corpus = await hashCorpus()
  const { training, heldOut } = splitDocuments(await readCorpus(corpus), { holdOutEvery: HOLD_OUT_EVERY, shards: setting.peers, split })
  const excerpt = heldOutExcerpt(heldOut, setting.heldOutBytes)
  const model = createModel(setting.model)
  return {
    setting, corpus, model, kernels,
    sampler: (seed, index) => createBatchSampler(training[index] ?? new Uint8Array(), seed * setting.peers + index, { rows: setting.batch, length: setting.model.context }),
    genesis: async seed => taughtBeforehand(setting, { model, kernels, seed, text: training }),
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

interface Beforehand {
  readonly model: Model
  readonly kernels: TensorKernels
  readonly seed: number
  /** All shards. */
  readonly text: readonly Uint8Array[]
}

async function taughtBeforehand ({ beforehand, model: spec }: Setting, { model, kernels, seed, text }: Beforehand): Promise<Float32Array> {
  const genesis = genesisWeights(spec, seed)
  if (beforehand === undefined) return genesis
  const { steps, batch, learningRate } = beforehand
  const sample = createBatchSampler(Buffer.concat(text), seed + BEFOREHAND_SEED, { rows: batch, length: spec.context })
  const learner = new RealLearner({ model, kernels, inner: draftInner({ steps, batch, learningRate, optimizer: 'muon' }), budgetSteps: steps, sample, genesis })
  try {
    await learner.train(steps)
    return learner.weights
  } finally {
    learner.dispose()
  }
}
