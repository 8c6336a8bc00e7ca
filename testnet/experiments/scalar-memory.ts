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
  const length = 'context' in spec ? spec.context : 1
  const tokens = Int32Array.from({ length: ROWS * length }, (_, index) => index * 7 % 251)
  const batch = { rows: ROWS, length, inputs: tokens, targets: tokens }
  const held = genesisWeights(spec, 1)
  const weights = BYTES * model.layout.size
  const before = tf.memory().numBytes
  const peakOf = async (work: () => Promise<void>): Promise<number> => (await tf.profile(async () => { await work(); return [] })).peakBytes - before

  const streamed = await peakOf(async () => { await streamedLoss(model, perturbed(heldWeights(held), rademacher, [1, 2], 1e-3), batch) })
  const parameters = model.layout.slots.map((slot): Tensor => tf.tensor(viewOf(held, slot).slice(), [...slot.shape]))
  const inference = await peakOf(async () => {
    const loss = tf.tidy(() => {
      const { inputs, targets } = batchTensors(batch)
      return crossEntropy(inStages(model, parameters, inputs), targets)
    })
    await loss.data()
    loss.dispose()
  })
  const gradients = await peakOf(async () => {
    const { loss, sums } = accumulateGradients(model, parameters, batch, { passes: 1, recompute: false })
    await loss
    tf.dispose([...sums])
  })
  tf.dispose(parameters)
  return { model: name, parameters: model.layout.size, weights, inference, measuring: weights + streamed + BYTES * blockValues(model), accumulators: weights, training: gradients + 2 * weights }
}
