import { differentiable } from './fused-operations.ts'
import { tf } from './tensor.ts'
import type { Tensor, Tensor4D } from './tensor.ts'

/** Images as a matrix: one row a pixel, one column a channel. */
export interface ImageShape {
  readonly rows: number
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** Offsets of a 3 × 3 neighbourhood's top left corner, in an image with one pixel of margin. */
const SHIFTS = [0, 1, 2].flatMap(down => [0, 1, 2].map(right => [down, right] as const))

/**
 * Each pixel's 3 × 3 neighbourhood, with zeros beyond the edge, so that a convolution is a product with a matrix.
 *
 * @param x [rows · height · width, channels], or the same values in another shape
 * @returns [rows · height · width, 9 · channels]
 */
export function patches (x: Tensor, shape: ImageShape): Tensor {
  return differentiable([x], () => ({
    value: collect(x, shape),
    saved: [],
    gradients: slope => [tf.reshape(scatter(slope, shape), x.shape)]
  }))
}

function collect (x: Tensor, { rows, height, width, channels }: ImageShape): Tensor {
  const padded = tf.pad(tf.reshape(x, [rows, height, width, channels]), [[0, 0], [1, 1], [1, 1], [0, 0]])
  const shifted = SHIFTS.map(([down, right]) => tf.slice(padded, [0, down, right, 0], [rows, height, width, channels]))
  return tf.reshape(tf.concat(shifted, 3), [rows * height * width, SHIFTS.length * channels])
}

/** The transpose of `collect`: every value goes back to the pixel that it came from, and is added there. */
function scatter (slope: Tensor, { rows, height, width, channels }: ImageShape): Tensor4D {
  const slopes = tf.reshape<tf.Rank.R4>(slope, [rows, height, width, SHIFTS.length * channels])
  const placed = SHIFTS.map(([down, right], index) => {
    const own = tf.slice(slopes, [0, 0, 0, index * channels], [rows, height, width, channels])
    return tf.pad(own, [[0, 0], [down, 2 - down], [right, 2 - right], [0, 0]])
  })
  return tf.slice(placed.reduce((sum, part) => tf.add(sum, part)), [0, 1, 1, 0], [rows, height, width, channels])
}

/**
 * The mean over the middle axis of x as [groups, count, columns].
 *
 * @param columns the channels of x unless given
 * @returns [groups, columns]
 */
export function poolMean (x: Tensor, groups: number, count: number, columns: number = x.shape.at(-1) ?? 1): Tensor {
  return differentiable([x], () => ({
    value: tf.mul(tf.sum(tf.reshape(x, [groups, count, columns]), 1), 1 / count),
    saved: [],
    gradients: slope => {
      const share = tf.mul(tf.reshape(slope, [groups, 1, columns]), 1 / count)
      // Rows copied whole; tfjs' own tile goes value by value.
      return [tf.reshape(tf.concat(Array.from({ length: count }, () => share), 1), x.shape)]
    }
  }))
}
