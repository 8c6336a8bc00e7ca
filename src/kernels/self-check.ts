import type { Tensor } from '@tensorflow/tfjs-core'
import { causalAttention, crossEntropy, gelu, layerNorm, lookup } from './fused-operations.ts'
import { tf } from './tensor.ts'

/** Odd sizes, so that whole tiles, edges and the second block of the depth all take part. */
const ROWS = 7
const DEPTH = 259
const COLUMNS = 11
const TOLERANCE = 1e-4

/**
 * Computes small things with known answers on the active backend.
 *
 * @returns what came out wrong, in a sentence; nothing when all is right
 */
export async function selfCheck (): Promise<string | undefined> {
  const checks = [checkProduct, checkGelu, checkLayerNorm, checkAttention, checkCrossEntropy, checkTableGradient]
  for (const check of checks) {
    const fault = await check()
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Small integers: every sum is exact, whatever the order. */
async function checkProduct (): Promise<string | undefined> {
  const a = Float32Array.from({ length: ROWS * DEPTH }, (_, index) => index % 5 - 2)
  const b = Float32Array.from({ length: COLUMNS * DEPTH }, (_, index) => index % 7 - 3)
  const computed = await valuesOf(() => tf.matMul(tf.tensor2d(a, [ROWS, DEPTH]), tf.tensor2d(b, [COLUMNS, DEPTH]), false, true))
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      let expected = 0
      for (let k = 0; k < DEPTH; k++) expected += (a[row * DEPTH + k] ?? 0) * (b[column * DEPTH + k] ?? 0)
      const found = computed[row * COLUMNS + column] ?? NaN
      if (found !== expected) return `a matrix product gives ${found} where ${expected} is right`
    }
  }
  return undefined
}

async function differs (what: string, compute: () => Tensor, expected: readonly number[]): Promise<string | undefined> {
  const computed = await valuesOf(compute)
  const wrong = expected.findIndex((value, index) => !(Math.abs((computed[index] ?? NaN) - value) < TOLERANCE))
  return wrong < 0 ? undefined : `${what} gives ${String(computed[wrong])} where ${String(expected[wrong])} is right`
}

async function valuesOf (compute: () => Tensor): Promise<Float32Array> {
  const result = tf.tidy(compute)
  try {
    return await result.data<'float32'>()
  } finally {
    result.dispose()
  }
}

async function checkGelu (): Promise<string | undefined> {
  return differs('GELU', () => gelu(tf.tensor1d([-1, 0, 1, 2, 10])), [-0.158808, 0, 0.841192, 1.954598, 10])
}

async function checkLayerNorm (): Promise<string | undefined> {
  const normed = (): Tensor => layerNorm(tf.tensor2d([1, 2, 3, 4, 5], [1, 5]), tf.tensor1d([1, 1, 1, 1, 2]), tf.tensor1d([0, 0, 3, 0, 0]))
  return differs('layer normalisation', normed, [-1.414210, -0.707105, 3, 0.707105, 2.828420])
}

async function checkCrossEntropy (): Promise<string | undefined> {
  return differs('cross-entropy', () => crossEntropy(tf.zeros<tf.Rank.R2>([2, 5]), tf.tensor1d([0, 4], 'int32')), [Math.log(5)])
}

/** Two equal keys: the first row sees its own value, the second the mean of both. */
async function checkAttention (): Promise<string | undefined> {
  return differs('causal attention', () => causalAttention(tf.tensor2d([1, 1, 2, 1, 1, 4], [2, 3]), { batch: 1, length: 2, heads: 1 }), [2, 3])
}

/** An id that stands twice gets both slopes. */
async function checkTableGradient (): Promise<string | undefined> {
  const looked = (table: Tensor): Tensor => lookup(table, tf.tensor2d([1, 1, 2], [1, 3], 'int32'))
  return differs('the gradient of a table', () => tf.grad(looked)(tf.ones([3, 1]), tf.tensor2d([1, 2, 4], [3, 1])), [0, 3, 4])
}
