import { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { asRows } from './call.ts'
import type { Composed } from './call.ts'

const GELU_SCALE = Math.sqrt(2 / Math.PI)
const GELU_CUBIC = 0.044715

/** tanh(√(2/π)·(x + 0.044715·x³)) */
function geluTangent (x: Tensor, squared: Tensor): Tensor {
  return tf.tanh(tf.mul(x, tf.add(tf.mul(squared, GELU_SCALE * GELU_CUBIC), GELU_SCALE)))
}

/** Gates g and values u of rows that hold one after the other. */
function gatesAndValues (x: Tensor): [Tensor, Tensor] {
  return tf.split(asRows(x), 2, 1) as [Tensor, Tensor]
}

export const gates = {
  [FUSED.gelu]: ({ input }) => {
    const x = input('x')
    return tf.mul(tf.mul(x, 0.5), tf.add(geluTangent(x, tf.square(x)), 1))
  },
  [FUSED.geluGradient]: ({ input }) => {
    const x = input('x')
    const squared = tf.square(x)
    const tangent = geluTangent(x, squared)
    const innerSlope = tf.add(tf.mul(squared, 3 * GELU_SCALE * GELU_CUBIC), GELU_SCALE)
    const curve = tf.mul(tf.mul(x, tf.sub(1, tf.square(tangent))), innerSlope)
    return tf.mul(tf.mul(input('dy'), 0.5), tf.add(tf.add(tangent, 1), curve))
  },
  [FUSED.swiglu]: ({ input }) => {
    const [gate, value] = gatesAndValues(input('x'))
    return tf.mul(tf.mul(gate, tf.sigmoid(gate)), value)
  },
  [FUSED.swigluGradient]: ({ input }) => {
    const [gate, value] = gatesAndValues(input('x'))
    const dy = asRows(input('dy'))
    const open = tf.sigmoid(gate)
    const dgate = tf.mul(tf.mul(tf.mul(dy, value), open), tf.add(tf.mul(gate, tf.sub(1, open)), 1))
    return tf.reshape(tf.concat([dgate, tf.mul(tf.mul(dy, gate), open)], 1), input('x').shape)
  }
} satisfies Record<string, Composed>
