import { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { dimension } from './call.ts'
import type { Call, Composed } from './call.ts'

interface Shape {
  readonly batch: number
  readonly length: number
  readonly heads: number
  readonly headWidth: number
}

function shapeOf (qkv: Tensor, { attribute }: Call): Shape {
  const heads = attribute('heads')
  return { batch: attribute('batch'), length: attribute('length'), heads, headWidth: dimension(qkv, -1) / 3 / heads }
}

/** [batch · length, heads · headWidth] → [batch, heads, length, headWidth] */
function byHeads (rows: Tensor, { batch, length, heads, headWidth }: Shape): Tensor {
  return tf.transpose(tf.reshape(rows, [batch, length, heads, headWidth]), [0, 2, 1, 3])
}

/** The reverse of `byHeads`. */
function byRows (parts: Tensor, { batch, length, heads, headWidth }: Shape): Tensor {
  return tf.reshape(tf.transpose(parts, [0, 2, 1, 3]), [batch * length, heads * headWidth])
}

function queriesKeysValues (qkv: Tensor, shape: Shape): [Tensor, Tensor, Tensor] {
  return tf.split(qkv, 3, 1).map(rows => byHeads(rows, shape)) as [Tensor, Tensor, Tensor]
}

/** 0 where a query may look, −∞ where the key lies in its future: [length, length]. */
function futureMask (length: number): Tensor {
  const places = tf.range(0, length, 1, 'int32')
  const isFuture = tf.greater(tf.reshape(places, [1, length]), tf.reshape(places, [length, 1]))
  return tf.where(isFuture, tf.fill([length, length], -Infinity), tf.zeros([length, length]))
}

/** Softmax over the last axis. */
function softmax (scores: Tensor): Tensor {
  const powers = tf.exp(tf.sub(scores, tf.max(scores, -1, true)))
  return tf.div(powers, tf.sum(powers, -1, true))
}

function softmaxGradient (probabilities: Tensor, slope: Tensor): Tensor {
  return tf.mul(probabilities, tf.sub(slope, tf.sum(tf.mul(slope, probabilities), -1, true)))
}

/** The result for no rows, which tfjs' wasm operations fail on. */
function nothing ({ batch, length, heads, headWidth }: Shape): Tensor[] {
  return [tf.zeros([batch * length, heads * headWidth]), tf.zeros([batch * heads, length, length])]
}

export const attention = {
  [FUSED.causalAttention]: call => {
    const qkv = call.input('qkv')
    const shape = shapeOf(qkv, call)
    const { batch, length, heads, headWidth } = shape
    if (qkv.size === 0) return nothing(shape)
    const [queries, keys, values] = queriesKeysValues(qkv, shape)
    const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(headWidth))
    const probabilities = softmax(tf.add(scores, futureMask(length)))
    return [byRows(tf.matMul(probabilities, values), shape), tf.reshape(probabilities, [batch * heads, length, length])]
  },
  [FUSED.causalAttentionGradient]: call => {
    const qkv = call.input('qkv')
    const shape = shapeOf(qkv, call)
    const { batch, length, heads, headWidth } = shape
    if (qkv.size === 0) return tf.zeros(qkv.shape)
    const [queries, keys, values] = queriesKeysValues(qkv, shape)
    const probabilities = tf.reshape(call.input('probabilities'), [batch, heads, length, length])
    const slope = byHeads(call.input('dout'), shape)
    const dprobabilities = tf.matMul(slope, values, false, true)
    const dscores = tf.mul(softmaxGradient(probabilities, dprobabilities), 1 / Math.sqrt(headWidth))
    const parts = [tf.matMul(dscores, keys), tf.matMul(dscores, queries, true, false), tf.matMul(probabilities, slope, true, false)]
    return tf.concat(parts.map(part => byRows(part, shape)), 1)
  }
} satisfies Record<string, Composed>
