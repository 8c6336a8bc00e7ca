import type { TensorInfo } from '@tensorflow/tfjs-core'
import { tf } from '../tensor.ts'
import { COLUMN_TILE, ROWS_PER_PART, columnSumShader, partSumShader } from './column-shaders.ts'
import type { ColumnTerm } from './column-shaders.ts'
import type { Executor } from './executor.ts'
import { THREADS, grid } from './shader.ts'

/** Parts into which rows are cut at most: enough to keep a device busy, few enough to sum quickly. */
const MOST_PARTS = 64

/**
 * Sums of a term over the rows of a matrix.
 *
 * @param matrix whose last axis is kept
 * @param reads what the term needs
 */
export function sumColumns (executor: Executor, term: ColumnTerm, matrix: TensorInfo, reads: readonly TensorInfo[]): TensorInfo {
  const width = matrix.shape.at(-1) ?? 1
  const rows = tf.util.sizeFromShape(matrix.shape) / width
  const rowsPerPart = Math.max(ROWS_PER_PART, Math.ceil(rows / MOST_PARTS))
  const parts = Math.max(1, Math.ceil(rows / rowsPerPart))
  const [tiles, folds] = grid(Math.ceil(width / COLUMN_TILE), executor.backend.device.limits.maxComputeWorkgroupsPerDimension)
  const sums = executor.allocate(parts === 1 ? [width] : [parts, width])
  executor.run(columnSumShader(term), { writes: [sums], reads, scalars: [rows, width, rowsPerPart], groups: [tiles, parts, folds] })
  return parts === 1 ? sums : sumParts(executor, sums, [width])
}

/** Σ over the first axis, in order; the addends are freed. */
export function sumParts (executor: Executor, addends: TensorInfo, shape: number[]): TensorInfo {
  const count = tf.util.sizeFromShape(shape)
  const out = executor.allocate(shape)
  executor.run(partSumShader, { writes: [out], reads: [addends], scalars: [count, addends.shape[0] ?? 0], groups: Math.ceil(count / THREADS) })
  executor.free(addends)
  return out
}
