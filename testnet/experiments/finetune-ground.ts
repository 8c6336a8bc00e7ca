import { mkdir, readFile } from 'node:fs/promises'
import { createBatchSampler } from '../../src/data/batch-sampler.ts'
import type { Batch, BatchSampler } from '../../src/data/batch.ts'
import { cutByEra, heldOutExcerpt, joinDocuments, splitDocuments } from '../../src/data/documents.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { MODEL_SIZES, draftInner } from '../../src/manifest/draft.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { evaluate, evaluationWindows } from '../../src/training/evaluation.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { hashCorpus, readCorpus } from '../../node/corpus/corpus.ts'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { RealLearner } from './method-learner.ts'

export const FINETUNE = {
  model: 'tiny', peers: 8, batch: 2, eras: 8, pretrainSteps: 1200, pretrainBatch: 16, pretrainRate: 0.004, heldOutBytes: 16_384, seed: 1
} as const

/** Pretraining takes a quarter of an hour: a line tells where it is. */
const STEPS_A_LINE = 100

/** A pretrained model, the text of an era that it never saw, and how to judge it there. */
export interface FinetuneGround {
  readonly model: Model
  readonly kernels: TensorKernels
  /** What the other eras taught. */
  readonly start: Float32Array
  /** Of a peer: the left-out era's addresses are dealt to all. */
  readonly samplers: readonly BatchSampler[]
  readonly era: string
  /** SHA-256 of the corpus. */
  readonly corpus: string
  judge (weights: Float32Array): Promise<number>
}

/** Cuts the addresses into eras, pretrains on all but the last (once: the weights are kept), and deals the last to the peers. */
export async function openFinetuneGround (folder: URL): Promise<FinetuneGround> {
  const spec = MODEL_SIZES[FINETUNE.model]
  if (spec?.kind !== 'gpt') throw new TypeError('the fine-tuned model is a GPT')
  const { kernels } = await startWasm()
  const corpus = await hashCorpus()
  const eras = cutByEra(await readCorpus(corpus), FINETUNE.eras)
  const last = eras.at(-1) ?? []
  const { training, heldOut } = splitDocuments(last, { holdOutEvery: 5, shards: FINETUNE.peers, split: 'iid' })
  const excerpt = heldOutExcerpt(heldOut, FINETUNE.heldOutBytes)
  const model = createModel(spec)
  const shape = (rows: number): { rows: number, length: number } => ({ rows, length: spec.context })
  const judge = async (weights: Float32Array): Promise<number> => {
    const parameters = model.layout.slots.map(slot => tf.tensor(viewOf(weights, slot).slice(), [...slot.shape]))
    try {
      return (await evaluate(model, parameters, evaluationWindows(excerpt, spec.context))).loss
    } finally {
      tf.dispose(parameters)
    }
  }
  const others = joinDocuments(eras.slice(0, -1).flat())
  const start = await kept(new URL(`${corpus.slice(0, 8)}-${FINETUNE.pretrainSteps}.f32`, folder), async () =>
    await pretrain(model, kernels, createBatchSampler(others, FINETUNE.seed, shape(FINETUNE.pretrainBatch))))
  return {
    model, kernels, start, corpus, judge,
    era: `${last[0]?.year ?? 0} to ${last.at(-1)?.year ?? 0}`,
    samplers: training.map((shard, peer) => createBatchSampler(shard, FINETUNE.seed * FINETUNE.peers + peer, shape(FINETUNE.batch)))
  }
}

async function pretrain (model: Model, kernels: TensorKernels, sample: BatchSampler): Promise<Float32Array> {
  const inner = draftInner({ steps: FINETUNE.pretrainSteps, batch: FINETUNE.pretrainBatch, learningRate: FINETUNE.pretrainRate })
  const learner = new RealLearner({ model, kernels, inner, budgetSteps: FINETUNE.pretrainSteps, sample, genesis: genesisWeights(model.spec, FINETUNE.seed) })
  for (let step = STEPS_A_LINE; step <= FINETUNE.pretrainSteps; step += STEPS_A_LINE) {
    const { meanLoss } = await learner.train(step)
    console.log(`pretrained for ${step} of ${FINETUNE.pretrainSteps} steps: ${meanLoss.toFixed(4)} nats a byte`)
  }
  learner.dispose()
  return learner.weights
}

async function kept (file: URL, make: () => Promise<Float32Array>): Promise<Float32Array> {
  const stored = await readFile(file).catch(() => undefined)
  if (stored !== undefined) return new Float32Array(stored.buffer.slice(stored.byteOffset, stored.byteOffset + stored.byteLength))
  const values = await make()
  await mkdir(new URL('.', file), { recursive: true })
  await writeFileAtomically(file.pathname, [new Uint8Array(values.buffer)])
  return values
}

/** What all peers look at in a step, as one batch: the mean over it is the mean over peers. */
export function togetherSampler (samplers: readonly BatchSampler[]): BatchSampler {
  return step => {
    const batches = samplers.map(sample => sample(step))
    const joined = (part: (batch: Batch) => ArrayLike<number>): Int32Array => Int32Array.from(batches.flatMap(batch => Array.from(part(batch))))
    const [first] = batches
    return { rows: batches.reduce((rows, batch) => rows + batch.rows, 0), length: first?.length ?? 0, inputs: joined(batch => batch.inputs), targets: joined(batch => batch.targets) }
  }
}
