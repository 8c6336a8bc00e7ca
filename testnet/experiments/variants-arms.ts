import { createBatchSampler } from '../../src/data/batch-sampler.ts'
import type { BatchSampler } from '../../src/data/batch.ts'
import { cutByEra, heldOutExcerpt, splitDocuments } from '../../src/data/documents.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { OneByteSpec } from '../../src/manifest/scalar-schema.ts'
import type { ModelSpec } from '../../src/manifest/schema.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { createModel } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { trainedModel, trainedStart } from '../../src/spsa/adapter-start.ts'
import { ByteModel, modelMemory } from '../../src/spsa/byte-model.ts'
import { directionLosses } from '../../src/spsa/direction-losses.ts'
import { ONE_A_STEP } from '../../src/spsa/places.ts'
import { oneByteRules, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { seedOfStep } from '../../src/spsa/seeds.ts'
import { stepBytesOf } from '../../src/spsa/step-bytes.ts'
import { heldWeights, readAll } from '../../src/spsa/weight-source.ts'
import { evaluate, evaluationWindows } from '../../src/training/evaluation.ts'
import { hashCorpus, readCorpus } from '../../node/corpus/corpus.ts'

export const VARIANTS = { peers: 4, rows: 4, steps: 128, seeds: 3, heldOutBytes: 4096, rates: [3e-3] } as const
/** Into which the corpus is cut to have its documents. */
const ERAS = 8
/** A GPT that many arms can be measured on in minutes. */
export const VARIANT_MODEL = { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 32, vocabulary: 256 } as const satisfies ModelSpec

const plain: OneByteSpec = { ...scalarPresets['one-byte'], peers: VARIANTS.peers, window: 16, checkEvery: 64, snapshotEvery: 64 }

/** Each in the words of a manifest, and in those of the command line. */
export const VARIANT_METHODS: ReadonlyArray<readonly [flags: string, method: OneByteSpec]> = [
  ['(one byte)', plain],
  ['--directions 4', { ...plain, directions: 4 }],
  ['--momentum 0.8', { ...plain, momentum: 0.8 }],
  ['--form sign', { ...plain, form: 'sign' }],
  ['--form sign --momentum 0.8', { ...plain, form: 'sign', momentum: 0.8 }],
  ['--scalar-decay cosine --scalar-warmup 16', { ...plain, decay: 'cosine', warmup: 16 }],
  ['--epsilon-decay linear', { ...plain, epsilonDecay: 'linear' }],
  ['--sparse 2', { ...plain, sparse: { halvings: 2, mask: 0 } }],
  ['--adapter-rank 2', { ...plain, adapters: { rank: 2 } }]
]

export interface VariantGround {
  readonly model: ReturnType<typeof createModel>
  samplers (seed: number): readonly BatchSampler[]
  judge (weights: Float32Array): Promise<number>
}

/** The model, text dealt to the peers, and text that nobody trains on. */
export async function openVariantGround (): Promise<VariantGround> {
  const model = createModel(VARIANT_MODEL)
  const { training, heldOut } = splitDocuments(cutByEra(await readCorpus(await hashCorpus()), ERAS).flat(), { holdOutEvery: 10, shards: VARIANTS.peers, split: 'iid' })
  const excerpt = heldOutExcerpt(heldOut, VARIANTS.heldOutBytes)
  return {
    model,
    samplers: seed => training.map((shard, peer) => createBatchSampler(shard, 100 * seed + peer, { rows: VARIANTS.rows, length: VARIANT_MODEL.context })),
    async judge (weights) {
      const parameters = model.layout.slots.map(slot => tf.tensor(viewOf(weights, slot).slice(), [...slot.shape]))
      try {
        return (await evaluate(model, parameters, evaluationWindows(excerpt, VARIANT_MODEL.context))).loss
      } finally {
        tf.dispose(parameters)
      }
    }
  }
}

export interface VariantPoint {
  /** Of one peer. */
  readonly forwardPasses: number
  /** That one peer sends to one other: scalars, and what a signed pack has besides. */
  readonly bytes: number
  readonly loss: number
}

/** What a signed pack costs besides its steps: head, hash and signature of a ledger's entry. */
export const PACK_BYTES = 140

/** All peers hold the same bits, so that one model of bytes, the very one of a real peer, stands for all; packs count after each window. As many forward passes whatever the directions. */
export async function runVariant (ground: VariantGround, method: OneByteSpec, seed: number): Promise<VariantPoint[]> {
  const [runId, steps] = [`variants-${seed}`, VARIANTS.steps / (method.directions ?? 1)]
  const rules = oneByteRules(method, { runId, steps, isMember: () => true })
  const { model: { noise, codec }, ledger: { window }, places = ONE_A_STEP } = rules
  const base = genesisWeights(VARIANT_MODEL, seed)
  const bytes = new ByteModel(modelMemory(trainedStart({ method, model: VARIANT_MODEL, seed })), rules.model)
  const lift = trainedModel(method, VARIANT_MODEL, heldWeights(base))
  const samplers = ground.samplers(seed)
  const points = [{ forwardPasses: 0, bytes: 0, loss: await ground.judge(base) }]
  for (let firstStep = 0; firstStep < rules.ledger.steps; firstStep += window) {
    const packs = []
    for (const [peer, sample] of samplers.entries()) {
      const levels: number[] = []
      for (let place = firstStep; place < firstStep + window; place += places.perStep) {
        const step = places.stepAt(place)
        const epsilon = rules.epsilon(step)
        const directions = Array.from({ length: places.perStep }, (_, index) => ({ seed: seedOfStep(runId, place + index, `${peer}`) }))
        const losses = await directionLosses({ model: ground.model, weights: bytes.weights, lift, noise, batch: sample(step), valuesAtOnce: Infinity }, { step, epsilon, directions }) ?? []
        const scalars = losses.map(({ above, below }) => (above - below) / (2 * epsilon))
        levels.push(...scalars.map(scalar => codec.encode(method.form === undefined ? scalar : Math.sign(scalar))))
      }
      packs.push({ peer: `${peer}`, firstStep, levels: Int8Array.from(levels) })
    }
    bytes.add(packs.flatMap(pack => stepBytesOf(pack, runId)))
    const windows = firstStep / window + 1
    points.push({ forwardPasses: 2 * windows * window, bytes: windows * (PACK_BYTES + window), loss: await ground.judge(readAll(lift(bytes.weights))) })
  }
  return points
}
