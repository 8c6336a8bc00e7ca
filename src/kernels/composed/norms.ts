import { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { asRows, rowsOf, sumOfRows } from './call.ts'
import type { Composed } from './call.ts'

const EPSILON = 1e-5

function meanOfRows (x: Tensor): Tensor {
  return tf.mean(x, 1, true)
}

/** What both norms' gradients share: scale · (s − mean(s)? − unit · mean(s · unit)), s the slope times the gain. */
function alongUnit (slope: Tensor, unit: Tensor): Tensor {
  return tf.mul(unit, meanOfRows(tf.mul(slope, unit)))
}

export const norms = {
  [FUSED.layerNorm]: ({ input }) => {
    const x = asRows(input('x'))
    const mean = meanOfRows(x)
    const centred = tf.sub(x, mean)
    const scale = tf.rsqrt(tf.add(meanOfRows(tf.square(centred)), EPSILON))
    const y = tf.add(tf.mul(tf.mul(centred, scale), input('gain')), input('bias'))
    return [tf.reshape(y, input('x').shape), tf.concat([mean, scale], 1)]
  },
  [FUSED.layerNormGradient]: ({ input }) => {
    const [x, dy] = [asRows(input('x')), asRows(input('dy'))]
    const [mean, scale] = tf.split(input('statistics'), 2, 1) as [Tensor, Tensor]
    const unit = tf.mul(tf.sub(x, mean), scale)
    const slope = tf.mul(dy, input('gain'))
    const dx = tf.mul(scale, tf.sub(tf.sub(slope, meanOfRows(slope)), alongUnit(slope, unit)))
    return [tf.reshape(dx, input('x').shape), sumOfRows(tf.mul(dy, unit)), sumOfRows(dy)]
  },
  [FUSED.rmsNorm]: ({ input }) => {
    const x = asRows(input('x'))
    const scale = tf.rsqrt(tf.add(meanOfRows(tf.square(x)), EPSILON))
    const y = tf.mul(tf.mul(x, scale), input('gain'))
    return [tf.reshape(y, input('x').shape), tf.reshape(scale, [scale.size])]
  },
  [FUSED.rmsNormGradient]: ({ input }) => {
    const [x, dy] = [asRows(input('x')), asRows(input('dy'))]
    const scale = tf.reshape(input('statistics'), [rowsOf(x), 1])
    const unit = tf.mul(x, scale)
    const slope = tf.mul(dy, input('gain'))
    const dx = tf.mul(scale, tf.sub(slope, alongUnit(slope, unit)))
    return [tf.reshape(dx, input('x').shape), sumOfRows(tf.mul(dy, unit))]
  },
  [FUSED.columnSum]: ({ input }) => sumOfRows(asRows(input('x')))
} satisfies Record<string, Composed>
