import { LOWER_LEFT, LOWER_RESULT, UPPER_LEFT, multiplyTriangular } from './matmul'
import { causalSoftmax, causalSoftmaxGradient } from './softmax'

/**
 * Causal self-attention of `batch` sequences of `length` tokens. A row of `qkv` holds a token's queries, keys and values of
 * all heads side by side; `out` gets the heads' results side by side, `probabilities` one length × length matrix a head.
 */
export function causalAttention (qkv: usize, out: usize, probabilities: usize, batch: i32, length: i32, heads: i32, headWidth: i32): void {
  const width = heads * headWidth
  const row = 3 * width
  const scale: f32 = 1 / sqrt<f32>(<f32>headWidth)
  for (let sequence: i32 = 0; sequence < batch; sequence++) {
    for (let head: i32 = 0; head < heads; head++) {
      const query = qkv + (<usize>(sequence * length * row + head * headWidth) << 2)
      const key = query + (<usize>width << 2)
      const value = key + (<usize>width << 2)
      multiplyTriangular(query, row, 1, key, 1, row, probabilities, length, length, length, headWidth, 0, LOWER_RESULT)
      causalSoftmax(probabilities, length, scale)
      const result = out + (<usize>(sequence * length * width + head * headWidth) << 2)
      multiplyTriangular(probabilities, length, 1, value, row, 1, result, width, length, headWidth, length, 0, LOWER_LEFT)
      probabilities += <usize>(length * length) << 2
    }
  }
}

/** Writes all of `dqkv`. `scratch` holds length × length values. */
export function causalAttentionGradient (
  qkv: usize, probabilities: usize, dout: usize, dqkv: usize, scratch: usize, batch: i32, length: i32, heads: i32, headWidth: i32
): void {
  const width = heads * headWidth
  const row = 3 * width
  const scale: f32 = 1 / sqrt<f32>(<f32>headWidth)
  for (let sequence: i32 = 0; sequence < batch; sequence++) {
    for (let head: i32 = 0; head < heads; head++) {
      const start = <usize>(sequence * length * row + head * headWidth) << 2
      const keys = start + (<usize>width << 2)
      const values = keys + (<usize>width << 2)
      const slope = dout + (<usize>(sequence * length * width + head * headWidth) << 2)
      multiplyTriangular(probabilities, 1, length, slope, width, 1, dqkv + values, row, length, headWidth, length, 0, UPPER_LEFT)
      multiplyTriangular(slope, width, 1, qkv + values, 1, row, scratch, length, length, length, headWidth, 0, LOWER_RESULT)
      causalSoftmaxGradient(probabilities, scratch, length, scale)
      multiplyTriangular(scratch, length, 1, qkv + keys, row, 1, dqkv + start, row, length, headWidth, length, 0, LOWER_LEFT)
      multiplyTriangular(scratch, 1, length, qkv + start, row, 1, dqkv + keys, row, length, headWidth, length, 0, UPPER_LEFT)
      probabilities += <usize>(length * length) << 2
    }
  }
}
