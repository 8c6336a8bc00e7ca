import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'

/** Each of `groups` keys and values serves heads / groups queries. */
export interface HeadShape {
  readonly heads: number
  readonly groups: number
  readonly headWidth: number
}

/** Keys and values of the tokens so far, each [groups, tokens, headWidth]. */
export interface HeadCache {
  readonly keys: Tensor
  readonly values: Tensor
}

/** Far below any score, yet no infinity whose difference would be no number. */
const HIDDEN = -1e30

/** What is added to the scores of `count` tokens after `start` others: [count, start + count], nothing for what each may see. */
export function causalMask (start: number, count: number): Tensor {
  const total = start + count
  const values = new Float32Array(count * total)
  for (let row = 0; row < count; row++) values.fill(HIDDEN, row * total + start + row + 1, (row + 1) * total)
  return tf.tensor2d(values, [count, total])
}

/**
 * Attention of new tokens to those before them and to themselves, without gradients.
 *
 * @param packed [count, (heads + 2 · groups) · headWidth]: queries of all heads, then keys, then values of all groups
 * @param mask of `causalMask`
 * @param turns [count, headWidth], cosines and sines by which queries and keys turn (arXiv 2104.09864)
 * @returns attended [count, heads · headWidth], and the cache with the new tokens in it
 */
export function cachedAttention (
  packed: Tensor, before: HeadCache | undefined, { heads, groups, headWidth }: HeadShape, mask: Tensor, turns: Tensor | undefined
): { readonly attended: Tensor, readonly cache: HeadCache } {
  const [count = 0, total = 0] = mask.shape
  /** Heads side by side in a row → [heads, count, headWidth]. */
  const take = (first: number, number: number): Tensor =>
    tf.transpose(tf.reshape(tf.slice(packed, [0, first * headWidth], [count, number * headWidth]), [count, number, headWidth]), [1, 0, 2])
  const turn = (rows: Tensor): Tensor => turns === undefined ? rows : turned(rows, turns)
  const [queries, newKeys, newValues] = [turn(take(0, heads)), turn(take(heads, groups)), take(heads + groups, groups)]
  const keys = before === undefined ? newKeys : tf.concat([before.keys, newKeys], 1)
  const values = before === undefined ? newValues : tf.concat([before.values, newValues], 1)
  const sharing = heads / groups
  const scores = tf.matMul(tf.reshape(queries, [groups, sharing * count, headWidth]), keys, false, true)
  const hidden = tf.add(tf.reshape(tf.mul(scores, 1 / Math.sqrt(headWidth)), [heads, count, total]), mask)
  const attended = tf.matMul(tf.reshape(tf.softmax(hidden), [groups, sharing * count, total]), values)
  const rows = tf.transpose(tf.reshape(attended, [heads, count, headWidth]), [1, 0, 2])
  return { attended: tf.reshape(rows, [count, heads * headWidth]), cache: { keys, values } }
}

/** Pair (i, headWidth/2 + i) of each row turned by the row's i-th angle. */
function turned (rows: Tensor, turns: Tensor): Tensor {
  const [heads = 0, count = 0, headWidth = 0] = rows.shape
  const half = headWidth / 2
  const [left, right] = [0, half].map(first => tf.slice(rows, [0, 0, first], [heads, count, half])) as [Tensor, Tensor]
  const [cosine, sine] = [0, half].map(first => tf.slice(turns, [0, first], [count, half])) as [Tensor, Tensor]
  return tf.concat([tf.sub(tf.mul(left, cosine), tf.mul(right, sine)), tf.add(tf.mul(right, cosine), tf.mul(left, sine))], 2)
}
