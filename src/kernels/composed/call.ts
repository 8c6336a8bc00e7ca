import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'

/** What a composed kernel is called with; asking for what is not there throws a TypeError. */
export interface Call {
  readonly input: (name: string) => Tensor
  readonly attribute: (name: string) => number
}

/** A fused kernel as tfjs operations; the caller tidies up after it. */
export type Composed = (call: Call) => Tensor | Tensor[]

/** Size of an axis; negative ones count from the last. */
export function dimension (tensor: Tensor, axis: number): number {
  return tensor.shape.at(axis) ?? 1
}

/** As a matrix whose rows are the tensor's last axis. */
export function asRows (tensor: Tensor): Tensor {
  const width = dimension(tensor, -1)
  return tf.reshape(tensor, [rowsOf(tensor), width])
}

/** How many vectors of its last axis a tensor holds. */
export function rowsOf (tensor: Tensor): number {
  return tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1)
}

/** Sums over the first axis; written out for no rows, whose sums tfjs' wasm backend leaves unwritten. */
export function sumOfRows (x: Tensor): Tensor {
  return x.shape[0] === 0 ? tf.zeros(x.shape.slice(1)) : tf.sum(x, 0)
}
