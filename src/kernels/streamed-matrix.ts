import { tf } from './tensor.ts'
import type { Tensor } from './tensor.ts'

/** A matrix whose rows are made when an operation consumes them and forgotten after it, so that it is never whole. */
export interface RowSource {
  readonly rows: number
  readonly columns: number
  /** Rows that may exist at a time, at least 1. */
  readonly rowsAtOnce: number
  /** Writes whole rows from `firstRow` on. */
  read (firstRow: number, target: Float32Array): void
}

const sources = new WeakMap<Tensor, RowSource>()

/**
 * A tensor that stands for the source where a forward pass takes a matrix: in `linear`, `project`, `tiedHead`, `embedding` and `lookup`. It
 * has one value, which says nothing, and no gradient.
 */
export function streamedMatrix (source: RowSource): Tensor {
  const stand = tf.scalar(NaN)
  sources.set(stand, source)
  return stand
}

/** What a tensor stands for, if it does. */
export function sourceOf (tensor: Tensor): RowSource | undefined {
  return sources.get(tensor)
}

/** Calls `use` with a few rows at a time. The tensor given and whatever `use` makes are gone afterwards, except what it returns. */
function * inBlocks (source: RowSource, use: (rows: Tensor, first: number, count: number) => Tensor): Generator<Tensor> {
  const scratch = new Float32Array(Math.min(source.rows, source.rowsAtOnce) * source.columns)
  for (let first = 0; first < source.rows; first += source.rowsAtOnce) {
    const count = Math.min(source.rowsAtOnce, source.rows - first)
    const values = scratch.subarray(0, count * source.columns)
    source.read(first, values)
    yield tf.tidy(() => use(tf.tensor2d(values, [count, source.columns]), first, count))
  }
}

function sumOf (parts: Iterable<Tensor>): Tensor {
  let sum: Tensor | undefined
  for (const part of parts) {
    const before = sum
    sum = before === undefined ? part : tf.add(before, part)
    if (before !== undefined) tf.dispose([before, part])
  }
  if (sum === undefined) throw new RangeError('a matrix has no rows')
  return sum
}

/** x·W, a few inputs at a time. @param x [rows, inputs] */
export function streamedProduct (x: Tensor, weights: RowSource): Tensor {
  const [rows = 0] = x.shape
  return sumOf(inBlocks(weights, (block, first, count) => tf.matMul(tf.slice(x, [0, first], [rows, count]), block)))
}

/** x·Tᵀ, a few columns at a time. @param x [rows, width] */
export function streamedHead (x: Tensor, table: RowSource): Tensor {
  const parts = [...inBlocks(table, block => tf.matMul(x, block, false, true))]
  if (parts.length === 1) return parts[0] as Tensor
  const logits = tf.concat(parts, 1)
  tf.dispose(parts)
  return logits
}

/**
 * The table's rows of these ids; zeros for an id outside the table.
 *
 * @param ids int32 of any shape
 * @returns [ids, width]
 */
export function streamedLookup (table: RowSource, ids: Tensor): Tensor {
  return tf.tidy(() => {
    const flat = tf.reshape(ids, [ids.size])
    return sumOf(inBlocks(table, (block, first, count) => {
      const local = tf.sub(flat, tf.scalar(first, 'int32'))
      const isHere = tf.logicalAnd(tf.greaterEqual(local, tf.scalar(0, 'int32')), tf.less(local, tf.scalar(count, 'int32')))
      const within = tf.mul(local, tf.cast(isHere, 'int32'))
      return tf.mul(tf.gather(block, within), tf.reshape(tf.cast(isHere, 'float32'), [ids.size, 1]))
    }))
  })
}

/** Rows 0 … length − 1 of a table of positions, once for each of `batch` sequences: [batch · length, width]. */
export function streamedPositions (positions: RowSource, batch: number, length: number): Tensor {
  return tf.tidy(() => streamedLookup(positions, tf.tile(tf.range(0, length, 1, 'int32'), [batch])))
}
