import type { Tensor } from '@tensorflow/tfjs-core'
import type { Batch } from '../data/batch.ts'
import { tf } from '../kernels/tensor.ts'

/** A batch on the active backend: inputs [rows, length], targets [·]; the caller disposes both. */
export function batchTensors ({ rows, length, inputs, targets }: Batch): { readonly inputs: Tensor, readonly targets: Tensor } {
  return {
    inputs: tf.tensor2d(inputs, [rows, length], inputs instanceof Int32Array ? 'int32' : 'float32'),
    targets: tf.tensor1d(targets, 'int32')
  }
}
