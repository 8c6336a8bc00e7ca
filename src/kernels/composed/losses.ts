import { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { dimension, rowsOf } from './call.ts'
import type { Composed } from './call.ts'
import { nanWhereOutside } from './tables.ts'

/** 1 at each row's target and 0 elsewhere: [rows, classes]. tfjs' oneHot refuses a single class, and is wrong as float32 on wasm. */
function atTargets (targets: Tensor, rows: number, classes: number): Tensor {
  return tf.cast(tf.equal(tf.reshape(targets, [rows, 1]), tf.reshape(tf.range(0, classes, 1, 'int32'), [1, classes])), 'float32')
}

export const losses = {
  [FUSED.crossEntropy]: ({ input }) => {
    const [logits, targets] = [input('logits'), input('targets')]
    const [rows, classes] = [rowsOf(logits), dimension(logits, -1)]
    const flat = tf.reshape(logits, [rows, classes])
    const shifted = tf.sub(flat, tf.max(flat, 1, true))
    const powers = tf.exp(shifted)
    const sums = tf.sum(powers, 1, true)
    const chosen = tf.sum(tf.mul(shifted, atTargets(targets, rows, classes)), 1, true)
    const each = tf.add(tf.sub(tf.log(sums), chosen), nanWhereOutside(tf.reshape(targets, [rows, 1]), classes))
    return [tf.mean(each), tf.reshape(tf.div(powers, sums), logits.shape)]
  },
  [FUSED.crossEntropyGradient]: ({ input }) => {
    const [probabilities, targets] = [input('probabilities'), input('targets')]
    const [rows, classes] = [rowsOf(probabilities), dimension(probabilities, -1)]
    const excess = tf.sub(tf.reshape(probabilities, [rows, classes]), atTargets(targets, rows, classes))
    return tf.reshape(tf.mul(excess, tf.div(tf.reshape(input('dloss'), []), rows)), probabilities.shape)
  }
} satisfies Record<string, Composed>
