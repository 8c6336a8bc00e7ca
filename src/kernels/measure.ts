import { STREAMS, words } from '../random/words.ts'
import { fillGaussian } from '../random/draw.ts'
import { tf } from './tensor.ts'

/**
 * Speed of the active backend on a square matrix product, the best of `repeats`.
 *
 * @param nowMs a monotonic clock
 * @returns GFLOP/s, counting 2·size³ operations a product
 */
export async function measureMatmul (size: number, repeats: number, nowMs: () => number): Promise<number> {
  const values = new Float32Array(size * size)
  fillGaussian(values, words(0, STREAMS.measurement), 1)
  const a = tf.tensor2d(values, [size, size])
  let bestMs = Infinity
  for (let repeat = 0; repeat < repeats; repeat++) {
    const startedMs = nowMs()
    const product = tf.matMul(a, a)
    // One value is enough to wait for all; reading all would measure the way from a device.
    const corner = tf.slice(product, [0, 0], [1, 1])
    await corner.data()
    bestMs = Math.min(bestMs, nowMs() - startedMs)
    tf.dispose([product, corner])
  }
  a.dispose()
  return 2 * size ** 3 / (bestMs * 1e6)
}
