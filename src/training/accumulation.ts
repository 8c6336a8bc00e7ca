import type { Batch } from '../data/batch.ts'
import { tf } from '../kernels/tensor.ts'
import type { Scalar, Tensor } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'
import { batchTensors } from './batch-tensors.ts'
import { recomputedGradients } from './recomputation.ts'
import type { LossAndGradients } from './recomputation.ts'

export interface PassOptions {
  /** Divides the batch's rows. */
  readonly passes: number
  /** Whether layers are computed again in the backward pass, to hold less memory. */
  readonly recompute: boolean
  /** Told of each pass's gradients, before they are added up; it may read them until it returns. */
  readonly onPass?: (gradients: readonly Tensor[]) => void
}

export interface AccumulatedGradients {
  /** Mean nats per target of the whole batch; on its way, so that a device far away can be given more work meanwhile. */
  readonly loss: Promise<number>
  /** Sums over the passes of each parameter's gradient; the caller disposes them. */
  readonly sums: readonly Tensor[]
}

/**
 * Loss and gradients of a batch in several passes, each over a share of its rows, so that only one share's activations
 * are held at a time.
 *
 * @throws RangeError when the passes do not divide the rows
 */
export function accumulateGradients (model: Model, parameters: Tensor[], batch: Batch, { passes, recompute, onPass }: PassOptions): AccumulatedGradients {
  let sums: Tensor[] = []
  const losses: Scalar[] = []
  try {
    for (const part of splitBatch(batch, passes)) {
      const { value, grads } = lossAndGradients(model, parameters, part, recompute)
      onPass?.(grads)
      sums = sums.length === 0 ? grads : addAll(sums, grads)
      losses.push(value)
    }
    return { loss: meanOf(losses), sums }
  } catch (error) {
    tf.dispose([...sums, ...losses])
    throw error
  }
}

/** Disposes what it has read. */
async function meanOf (losses: readonly Scalar[]): Promise<number> {
  try {
    const values = await Promise.all(losses.map(async loss => (await loss.data())[0] ?? NaN))
    return values.reduce((sum, value) => sum + value, 0) / losses.length
  } finally {
    tf.dispose([...losses])
  }
}

function splitBatch ({ rows, length, inputs, targets }: Batch, passes: number): Batch[] {
  if (rows % passes !== 0) throw new RangeError(`${rows} sequences cannot be cut into ${passes} passes`)
  return Array.from({ length: passes }, (_, pass) => {
    const part = <Values extends Int32Array | Float32Array>(values: Values): Values => {
      const size = values.length / passes
      return values.slice(pass * size, (pass + 1) * size) as Values
    }
    return { rows: rows / passes, length, inputs: part(inputs), targets: part(targets) }
  })
}

function addAll (sums: Tensor[], gradients: Tensor[]): Tensor[] {
  const added = sums.map((sum, index) => {
    const gradient = gradients[index]
    if (gradient === undefined) throw new RangeError(`parameter ${index} has no gradient`)
    return tf.add(sum, gradient)
  })
  tf.dispose([...sums, ...gradients])
  return added
}

function lossAndGradients (model: Model, parameters: Tensor[], batch: Batch, recompute: boolean): LossAndGradients {
  return tf.tidy(() => {
    const { inputs, targets } = batchTensors(batch)
    if (recompute) return recomputedGradients(model, parameters, inputs, targets)
    return tf.valueAndGrads((...weights) => model.loss(weights, inputs, targets) as Scalar)(parameters)
  })
}
