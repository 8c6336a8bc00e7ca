import { crossEntropy } from '../../src/kernels/fused-operations.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { modelOfSize } from '../../src/manifest/draft.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { rademacher } from '../../src/spsa/noise.ts'
import { blockValues, streamedLoss } from '../../src/spsa/streamed-loss.ts'
import { heldWeights, perturbed } from '../../src/spsa/weight-source.ts'
import { accumulateGradients } from '../../src/training/accumulation.ts'
import type { Batch } from '../../src/data/batch.ts'
import { batchTensors } from '../../src/training/batch-tensors.ts'

/** Bytes at the peak of one pass over one batch. */
export interface MemoryRow {
  readonly model: string
  readonly parameters: number
  readonly weights: number
  /** Weights and activations. */
  readonly inference: number
  /** θ₀, activations and what perturbing needs beside. */
  readonly measuring: number
  /** The accumulators of a method whose state they are. */
  readonly accumulators: number
  /** Weights, activations, gradients and two moments. */
  readonly training: number
  /** What measuring needs beyond inference where there is one token, so that hardly an activation is there. */
  readonly scratch: number
}

const BYTES = Float32Array.BYTES_PER_ELEMENT
const ROWS = 2

/** Activations are released stage by stage, as the streamed pass does: whole-model graphs would make any comparison easy. */
function inStages (model: Model, parameters: readonly Tensor[], inputs: Tensor): Tensor {
  return model.stages(inputs).reduce((values, stage) => {
    const next = tf.tidy(() => stage(model.named(parameters), values))
    if (values !== inputs) values.dispose()
    return next
  }, inputs)
}

/** Peaks on the active wasm backend, counted in tensors (kernels' own workspace is not). */
export async function measureMemory (name: string): Promise<MemoryRow> {
  const spec = modelOfSize(name)
  const model = createModel(spec)
  const batch = batchOf(ROWS, 'context' in spec ? spec.context : 1)
  const held = genesisWeights(spec, 1)
  const weights = BYTES * model.layout.size
  const before = tf.memory().numBytes
  const measuring = async (measured: Batch): Promise<number> =>
    weights + BYTES * blockValues(model) - before + await peakOf(async () => { await streamedLoss(model, perturbed(heldWeights(held), rademacher, [1, 2], 1e-3), measured) })
  const [large, single] = [await measuring(batch), await measuring(batchOf(1, 1))]
  const parameters = model.layout.slots.map((slot): Tensor => tf.tensor(viewOf(held, slot).slice(), [...slot.shape]))
  const inference = async (judged: Batch): Promise<number> => await peakOf(async () => { await judge(model, parameters, judged) }) - before
  const gradients = await peakOf(async () => {
    const { loss, sums } = accumulateGradients(model, parameters, batch, { passes: 1, recompute: false })
    await loss
    tf.dispose([...sums])
  }) - before
  const row = {
    model: name, parameters: model.layout.size, weights, inference: await inference(batch), measuring: large, accumulators: weights, training: gradients + 2 * weights,
    scratch: single - await inference(batchOf(1, 1))
  }
  tf.dispose(parameters)
  return row
}

function batchOf (rows: number, length: number): Batch {
  const tokens = Int32Array.from({ length: rows * length }, (_, index) => index * 7 % 251)
  return { rows, length, inputs: tokens, targets: tokens }
}

async function peakOf (work: () => Promise<void>): Promise<number> {
  const { peakBytes } = await tf.profile(async () => {
    await work()
    return []
  })
  return peakBytes
}

async function judge (model: Model, parameters: readonly Tensor[], batch: Batch): Promise<void> {
  const loss = tf.tidy(() => {
    const { inputs, targets } = batchTensors(batch)
    return crossEntropy(inStages(model, parameters, inputs), targets)
  })
  await loss.data()
  loss.dispose()
}
