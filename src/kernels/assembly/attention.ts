import { LOWER_LEFT, LOWER_RESULT, UPPER_LEFT, multiplyTriangular } from './matmul'
import { causalSoftmax, causalSoftmaxGradient } from './softmax'

/**
 * Causal self-attention of `batch` sequences of `length` tokens. A row of `qkv` holds a token's queries, keys and values of
 * all heads side by side; `out` gets the heads' results side by side, `probabilities` one length × length matrix a head.
 */
export function causalAttention (qkv: usize, out: usize, probabilities: usize, batch: i32, length: i32, heads: i32, headWidth: i32): void {
  attendHeads(qkv, out, probabilities, 0, batch * heads, length, heads, headWidth)
}

/** `causalAttention` of the heads `first` to before `last`, counted through all sequences. */
export function attendHeads (qkv: usize, out: usize, probabilities: usize, first: i32, last: i32, length: i32, heads: i32, headWidth: i32): void {
  const width = heads * headWidth
  const row = 3 * width
  const scale: f32 = 1 / sqrt<f32>(<f32>headWidth)
  for (let index = first; index < last; index++) {
    const token = index / heads * length
    const column = index % heads * headWidth
    const query = qkv + (<usize>(token * row + column) << 2)
    const key = query + (<usize>width << 2)
    const value = key + (<usize>width << 2)
    const weights = probabilities + (<usize>index * <usize>(length * length) << 2)
    multiplyTriangular(query, row, 1, key, 1, row, weights, length, length, length, headWidth, 0, LOWER_RESULT)
    causalSoftmax(weights, length, scale)
    const result = out + (<usize>(token * width + column) << 2)
    multiplyTriangular(weights, length, 1, value, row, 1, result, width, length, headWidth, length, 0, LOWER_LEFT)
  }
}

/** Writes all of `dqkv`. `scratch` holds length × length values. */
export function causalAttentionGradient (
  qkv: usize, probabilities: usize, dout: usize, dqkv: usize, scratch: usize, batch: i32, length: i32, heads: i32, headWidth: i32
): void {
  attendHeadsGradient(qkv, probabilities, dout, dqkv, scratch, 0, batch * heads, length, heads, headWidth)
}

/** `causalAttentionGradient` of the heads `first` to before `last`, counted through all sequences. */
export function attendHeadsGradient (
  qkv: usize, probabilities: usize, dout: usize, dqkv: usize, scratch: usize, first: i32, last: i32, length: i32, heads: i32, headWidth: i32
): void {
  const width = heads * headWidth
  const row = 3 * width
  const scale: f32 = 1 / sqrt<f32>(<f32>headWidth)
  for (let index = first; index < last; index++) {
    const token = index / heads * length
    const column = index % heads * headWidth
    const queries = <usize>(token * row + column) << 2
    const keys = queries + (<usize>width << 2)
    const values = keys + (<usize>width << 2)
    const slope = dout + (<usize>(token * width + column) << 2)
    const weights = probabilities + (<usize>index * <usize>(length * length) << 2)
    multiplyTriangular(weights, 1, length, slope, width, 1, dqkv + values, row, length, headWidth, length, 0, UPPER_LEFT)
    multiplyTriangular(slope, width, 1, qkv + values, 1, row, scratch, length, length, length, headWidth, 0, LOWER_RESULT)
    causalSoftmaxGradient(weights, scratch, length, scale)
    multiplyTriangular(scratch, length, 1, qkv + keys, row, 1, dqkv + queries, row, length, headWidth, length, 0, LOWER_LEFT)
    multiplyTriangular(scratch, 1, length, qkv + queries, row, 1, dqkv + keys, row, length, headWidth, length, 0, UPPER_LEFT)
  }
}
