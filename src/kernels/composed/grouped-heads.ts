import { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { dimension } from './call.ts'
import type { Call, Composed } from './call.ts'

interface Shape {
  readonly batch: number
  readonly length: number
  readonly heads: number
  readonly groups: number
  readonly headWidth: number
}

/** @param vectors how many of width headWidth stand in a row of `rows` */
function shapeOf (rows: Tensor, vectors: number, { attribute }: Call): Shape {
  const length = attribute('length')
  return {
    batch: length === 0 ? 0 : dimension(rows, 0) / length,
    length,
    heads: attribute('heads'),
    groups: attribute('groups'),
    headWidth: dimension(rows, -1) / vectors
  }
}

/**
 * Turns pairs (i, half + i) of each vector by its position's angle (arXiv 2104.09864).
 *
 * @param vectors [batch, length, any, headWidth]
 * @param direction 1, or −1 to turn back
 */
function turned (vectors: Tensor, angles: Tensor, length: number, direction: 1 | -1): Tensor {
  const half = dimension(vectors, -1) / 2
  const [cosine, sine] = tf.split(tf.reshape(tf.slice(angles, [0, 0], [length, 2 * half]), [1, length, 1, 2 * half]), 2, 3) as [Tensor, Tensor]
  const [first, second] = tf.split(vectors, 2, 3) as [Tensor, Tensor]
  const across = tf.mul(sine, direction)
  return tf.concat([
    tf.sub(tf.mul(first, cosine), tf.mul(second, across)),
    tf.add(tf.mul(second, cosine), tf.mul(first, across))
  ], 3)
}

/** [batch, length, groups, headWidth] → one for each head. */
function repeated (vectors: Tensor, { batch, length, heads, groups, headWidth }: Shape): Tensor {
  return tf.reshape(tf.tile(tf.reshape(vectors, [batch, length, groups, 1, headWidth]), [1, 1, 1, heads / groups, 1]), [batch, length, heads, headWidth])
}

/** The transposed of `repeated`: sums what the heads of a group give. */
function summed (vectors: Tensor, { batch, length, heads, groups, headWidth }: Shape): Tensor {
  return tf.sum(tf.reshape(vectors, [batch, length, groups, heads / groups, headWidth]), 3)
}

export const groupedHeads = {
  [FUSED.spreadHeads]: call => {
    const [grouped, angles] = [call.input('grouped'), call.input('angles')]
    const vectors = call.attribute('heads') + 2 * call.attribute('groups')
    const shape = shapeOf(grouped, vectors, call)
    const { batch, length, heads, groups, headWidth } = shape
    const [queries, keys, values] = tf.split(tf.reshape(grouped, [batch, length, vectors, headWidth]), [heads, groups, groups], 2) as [Tensor, Tensor, Tensor]
    const parts = [turned(queries, angles, length, 1), repeated(turned(keys, angles, length, 1), shape), repeated(values, shape)]
    return tf.reshape(tf.concat(parts, 2), [batch * length, 3 * heads * headWidth])
  },
  [FUSED.gatherHeads]: call => {
    const [dqkv, angles] = [call.input('dqkv'), call.input('angles')]
    const shape = shapeOf(dqkv, 3 * call.attribute('heads'), call)
    const { batch, length, heads, groups, headWidth } = shape
    const [queries, keys, values] = tf.split(tf.reshape(dqkv, [batch, length, 3 * heads, headWidth]), 3, 2) as [Tensor, Tensor, Tensor]
    const parts = [turned(queries, angles, length, -1), turned(summed(keys, shape), angles, length, -1), summed(values, shape)]
    return tf.reshape(tf.concat(parts, 2), [batch * length, (heads + 2 * groups) * headWidth])
  }
} satisfies Record<string, Composed>
