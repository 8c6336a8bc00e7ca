import { createBatchSampler, createExampleSampler } from '../../src/data/batch-sampler.ts'
import type { BatchSampler } from '../../src/data/batch.ts'
import { cutByEra, heldOutExcerpt, joinDocuments, splitDocuments } from '../../src/data/documents.ts'
import { dealExamples, pickExamples } from '../../src/data/examples/example-set.ts'
import { glyphSet } from '../../src/data/examples/glyphs.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import type { GptSpec, InnerSpec, MlpSpec, ModelSpec } from '../../src/manifest/schema.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { evaluate, evaluationExamples, evaluationWindows } from '../../src/training/evaluation.ts'
import type { Batch } from '../../src/data/batch.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { hashCorpus, readCorpus } from '../../node/corpus/corpus.ts'
import { RealLearner } from './method-learner.ts'

/** What one arm's peers train, and how. Everything that a result depends on is in here. */
export interface LaneRegime {
  readonly name: string
  readonly title: string
  readonly model: ModelSpec
  /** First-order peers. */
  readonly peers: number
  readonly batch: number
  readonly every: number
  readonly rounds: number
  readonly optimizer: InnerSpec['optimizer']
  /** Tried without scalar peers on a seed that is not measured; the best is taken. */
  readonly learningRates: readonly number[]
  /** Steps of training on all eras but the last before the run begins on that one; 0 begins from the genesis weights. */
  readonly pretrainSteps: number
}

const gpt: GptSpec = { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 32, vocabulary: 256 }
const mlp: MlpSpec = { kind: 'mlp', inputs: 144, hidden: [8], classes: 10 }

export const LANE_REGIMES: readonly LaneRegime[] = [
  { name: 'scratch', title: 'from scratch', model: gpt, peers: 4, batch: 4, every: 20, rounds: 12, optimizer: 'adamw', learningRates: [0.002, 0.004, 0.008], pretrainSteps: 0 },
  { name: 'tuning', title: 'fine-tuning to the last era', model: gpt, peers: 4, batch: 2, every: 10, rounds: 12, optimizer: 'adamw', learningRates: [0.0003, 0.001, 0.003], pretrainSteps: 400 },
  { name: 'tiny-batches', title: 'two peers of one row a step', model: gpt, peers: 2, batch: 1, every: 5, rounds: 16, optimizer: 'adamw', learningRates: [0.0001, 0.0003, 0.001], pretrainSteps: 400 },
  { name: 'few-weights', title: 'few weights, small batches', model: mlp, peers: 2, batch: 2, every: 10, rounds: 32, optimizer: 'adamw', learningRates: [0.001, 0.003, 0.01], pretrainSteps: 0 },
  { name: 'few-weights-sgd', title: 'few weights, small batches, plain gradient steps', model: mlp, peers: 2, batch: 2, every: 10, rounds: 32, optimizer: 'sgd', learningRates: [0.01, 0.03, 0.1], pretrainSteps: 0 }
]

export const MOST_SCALAR_PEERS = [0, 1, 4, 16, 64] as const

/** Scalar peers beside those who train; a thousand scalars a round of a language model take too long here. */
export function scalarPeersOf ({ model }: Pick<LaneRegime, 'model'>): readonly number[] {
  return 'classes' in model ? MOST_SCALAR_PEERS : MOST_SCALAR_PEERS.filter(count => count <= 16)
}

/** Learning rates are chosen on this one. */
export const TUNING_SEED = 100
export const LANE_SEEDS = [1, 2, 3] as const
/** Bytes of a scalar peer a round. */
export const SCALARS_A_ROUND = 16
const HELD_OUT = { every: 5, bytes: 8192, examples: 2000 } as const
const EXAMPLES = 12_000
const PRETRAIN = { batch: 16, learningRate: 0.004, seed: 1 } as const

/** A regime opened: its model, its data and how to judge it. */
export interface LaneGround {
  readonly model: Model
  readonly kernels: TensorKernels
  readonly inner: (learningRate: number) => InnerSpec
  readonly start: (seed: number) => Float32Array
  /** Batches of one peer: everybody draws from the same text or examples, each by a seed of its own. */
  readonly sampler: (seed: number, peer: number) => BatchSampler
  readonly judge: (weights: Float32Array) => Promise<number>
  readonly corpus: string
}

const PEERS_A_SEED = 1000

export async function openLaneGround (regime: LaneRegime): Promise<LaneGround> {
  const { kernels } = await startWasm()
  const model = createModel(regime.model)
  const inner = (learningRate: number): InnerSpec => draftInner({ steps: regime.every * regime.rounds, batch: regime.batch, learningRate, optimizer: regime.optimizer })
  const { batches, heldOut, corpus, before } = 'classes' in regime.model ? examples(regime) : await text(regime, regime.model.context)
  const pretrained = before === undefined ? undefined : await pretrain(model, kernels, before, regime.pretrainSteps)
  return {
    model, kernels, inner, corpus,
    start: seed => pretrained ?? genesisWeights(model.spec, seed),
    sampler: (seed, peer) => batches(PEERS_A_SEED * seed + peer),
    judge: async weights => {
      const parameters = model.layout.slots.map(slot => tf.tensor(viewOf(weights, slot).slice(), [...slot.shape]))
      try {
        return (await evaluate(model, parameters, heldOut())).loss
      } finally {
        tf.dispose(parameters)
      }
    }
  }
}

interface LaneData {
  readonly batches: (seed: number) => BatchSampler
  readonly heldOut: () => Iterable<Batch>
  readonly corpus: string
  /** What the model was pretrained on. */
  readonly before?: BatchSampler
}

async function text ({ batch, pretrainSteps }: LaneRegime, length: number): Promise<LaneData> {
  const corpus = await hashCorpus()
  const eras = cutByEra(await readCorpus(corpus), 8)
  const documents = pretrainSteps === 0 ? eras.flat() : eras.at(-1) ?? []
  const { training, heldOut } = splitDocuments(documents, { holdOutEvery: HELD_OUT.every, shards: 1, split: 'iid' })
  const excerpt = heldOutExcerpt(heldOut, HELD_OUT.bytes)
  const [shard] = training
  if (shard === undefined) throw new TypeError('the corpus has no text to train on')
  return {
    corpus, batches: seed => createBatchSampler(shard, seed, { rows: batch, length }), heldOut: () => evaluationWindows(excerpt, length),
    ...pretrainSteps === 0 ? {} : { before: createBatchSampler(joinDocuments(eras.slice(0, -1).flat()), PRETRAIN.seed, { rows: PRETRAIN.batch, length }) }
  }
}

function examples ({ batch }: LaneRegime): LaneData {
  const set = glyphSet(1, EXAMPLES)
  const { training, heldOut } = dealExamples(set.targets, { holdOutEvery: HELD_OUT.every, shards: 1, split: 'iid' })
  const [known, judged] = [pickExamples(set, training[0] ?? []), pickExamples(set, heldOut.slice(0, HELD_OUT.examples))]
  return { corpus: `glyphs ${EXAMPLES}`, batches: seed => createExampleSampler(known, seed, batch), heldOut: () => evaluationExamples(judged) }
}

async function pretrain (model: Model, kernels: TensorKernels, sample: BatchSampler, steps: number): Promise<Float32Array> {
  const learner = new RealLearner({ model, kernels, inner: draftInner({ steps, batch: PRETRAIN.batch, learningRate: PRETRAIN.learningRate }), budgetSteps: steps, sample, genesis: genesisWeights(model.spec, PRETRAIN.seed) })
  await learner.train(steps)
  learner.dispose()
  return learner.weights
}
