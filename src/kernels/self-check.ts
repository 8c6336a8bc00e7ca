import { crossEntropy, gelu, layerNorm } from './fused-operations.ts'
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
export function selfCheck (): string | undefined {
  const checks = [checkProduct, checkGelu, checkLayerNorm, checkCrossEntropy]
  for (const check of checks) {
    const fault = tf.tidy(check)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Small integers: every sum is exact, whatever the order. */
function checkProduct (): string | undefined {
  const a = Float32Array.from({ length: ROWS * DEPTH }, (_, index) => index % 5 - 2)
  const b = Float32Array.from({ length: COLUMNS * DEPTH }, (_, index) => index % 7 - 3)
  const computed = tf.matMul(tf.tensor2d(a, [ROWS, DEPTH]), tf.tensor2d(b, [COLUMNS, DEPTH]), false, true).dataSync()
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

function differs (what: string, computed: Float32Array | Int32Array | Uint8Array, expected: readonly number[]): string | undefined {
  const wrong = expected.findIndex((value, index) => !(Math.abs((computed[index] ?? NaN) - value) < TOLERANCE))
  return wrong < 0 ? undefined : `${what} gives ${String(computed[wrong])} where ${String(expected[wrong])} is right`
}

function checkGelu (): string | undefined {
  return differs('GELU', gelu(tf.tensor1d([-1, 0, 1, 2, 10])).dataSync(), [-0.158808, 0, 0.841192, 1.954598, 10])
}

function checkLayerNorm (): string | undefined {
  const y = layerNorm(tf.tensor2d([1, 2, 3, 4, 5], [1, 5]), tf.tensor1d([1, 1, 1, 1, 2]), tf.tensor1d([0, 0, 3, 0, 0]))
  return differs('layer normalisation', y.dataSync(), [-1.414210, -0.707105, 3, 0.707105, 2.828420])
}

function checkCrossEntropy (): string | undefined {
  const logits = tf.zeros<tf.Rank.R2>([2, 5])
  return differs('cross-entropy', crossEntropy(logits, tf.tensor1d([0, 4], 'int32')).dataSync(), [Math.log(5)])
}
