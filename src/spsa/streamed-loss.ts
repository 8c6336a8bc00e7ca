import type { Batch } from '../data/batch.ts'
import { crossEntropy } from '../kernels/fused-operations.ts'
import { streamedMatrix } from '../kernels/streamed-matrix.ts'
import type { RowSource } from '../kernels/streamed-matrix.ts'
import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'
import type { TensorSlot } from '../parameters/layout.ts'
import { batchTensors } from '../training/batch-tensors.ts'
import type { WeightSource } from './weight-source.ts'

/** A block of rows exists twice, here and on the backend; with the vectors of a layer the scratch then stays below a tenth of the weights. */
const BLOCK_SHARE = 0.04

/** Values of a matrix that exist at a time for a model of this size. */
export function blockValues (model: Model): number {
  return Math.ceil(BLOCK_SHARE * model.layout.size)
}

/**
 * Mean nats per target under weights that are made as the forward pass consumes them: a stage at a time, its vectors whole and its matrices a
 * few rows at a time. The weights are read before this resolves, not after.
 *
 * @param valuesAtOnce the largest block of a matrix; at least one row is made in any case
 */
export async function streamedLoss (model: Model, weights: WeightSource, batch: Batch, valuesAtOnce = blockValues(model)): Promise<number> {
  const loss = tf.tidy(() => {
    const { inputs, targets } = batchTensors(batch)
    return crossEntropy(streamedLogits(model, weights, inputs, valuesAtOnce), targets)
  })
  try {
    return (await loss.data())[0] ?? NaN
  } finally {
    loss.dispose()
  }
}

/** @returns [targets, classes] */
export function streamedLogits (model: Model, weights: WeightSource, inputs: Tensor, valuesAtOnce = blockValues(model)): Tensor {
  const slots = new Map(model.layout.slots.map(slot => [slot.name, slot]))
  const parameters = (name: string): Tensor => {
    const slot = slots.get(name)
    if (slot === undefined) throw new RangeError(`the model has no parameter ${name}`)
    return slot.shape.length === 2 ? streamedMatrix(rowsOf(weights, slot, valuesAtOnce)) : whole(weights, slot)
  }
  return model.stages(inputs).reduce((values, stage) => {
    const next = tf.tidy(() => stage(parameters, values))
    if (values !== inputs) values.dispose()
    return next
  }, inputs)
}

function whole (weights: WeightSource, slot: TensorSlot): Tensor {
  const values = new Float32Array(slot.size)
  weights.read(slot.offset, values)
  return tf.tensor(values, [...slot.shape])
}

function rowsOf (weights: WeightSource, { offset, shape }: TensorSlot, valuesAtOnce: number): RowSource {
  const [rows = 0, columns = 0] = shape
  return { rows, columns, rowsAtOnce: Math.max(1, Math.floor(valuesAtOnce / columns)), read: (firstRow, target) => { weights.read(offset + firstRow * columns, target) } }
}
