import { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor, Tensor1D } from '../tensor.ts'
import { asRows, dimension, sumOfRows } from './call.ts'
import type { Composed } from './call.ts'

function isInside (ids: Tensor, count: number): Tensor {
  return tf.logicalAnd(tf.greaterEqual(ids, tf.scalar(0, 'int32')), tf.less(ids, tf.scalar(count, 'int32')))
}

/** 0 for an id from 0 to count − 1, NaN for another one; of the ids' shape. */
export function nanWhereOutside (ids: Tensor, count: number): Tensor {
  return tf.where(isInside(ids, count), tf.zeros(ids.shape), tf.fill(ids.shape, NaN))
}

/** [ids, width]: the table's rows, NaN for ids outside it. */
function rowsOfTable (table: Tensor, ids: Tensor): Tensor {
  const vocabulary = dimension(table, 0)
  const flat = tf.reshape(ids, [ids.size])
  const within = tf.where(isInside(flat, vocabulary), flat, tf.zerosLike(flat))
  return tf.add(tf.gather(table, within), tf.reshape(nanWhereOutside(flat, vocabulary), [ids.size, 1]))
}

/** Sums the rows of each id: [vocabulary, width]; ids outside are left out. */
function sumById (rows: Tensor, ids: Tensor, vocabulary: number): Tensor {
  const flat = tf.reshape(ids, [ids.size])
  // tfjs' wasm backend has no segment sum.
  const sumsSegments: unknown = tf.getKernel('UnsortedSegmentSum', tf.getBackend())
  if (sumsSegments === undefined) {
    const isId = tf.equal(tf.reshape(tf.range(0, vocabulary, 1, 'int32'), [vocabulary, 1]), tf.reshape(flat, [1, ids.size]))
    return tf.matMul(tf.cast(isId, 'float32'), rows)
  }
  const segments = tf.where(isInside(flat, vocabulary), flat, tf.fill(flat.shape, vocabulary, 'int32')) as Tensor1D
  return tf.slice(tf.unsortedSegmentSum(rows, segments, vocabulary + 1), [0, 0], [vocabulary, dimension(rows, -1)])
}

export const tables = {
  [FUSED.lookup]: ({ input }) => rowsOfTable(input('table'), input('ids')),
  [FUSED.lookupGradient]: ({ input, attribute }) => sumById(asRows(input('dout')), input('ids'), attribute('vocabulary')),
  [FUSED.embed]: ({ input }) => {
    const [table, positions, ids] = [input('table'), input('positions'), input('ids')]
    const [width, length] = [dimension(table, 1), dimension(ids, -1)]
    const sequences = length === 0 ? 0 : ids.size / length
    const rows = tf.reshape(rowsOfTable(table, ids), [sequences, length, width])
    return tf.reshape(tf.add(rows, tf.slice(positions, [0, 0], [length, width])), [ids.size, width])
  },
  [FUSED.embedGradient]: ({ input, attribute }) => {
    const [dout, ids] = [asRows(input('dout')), input('ids')]
    const [width, length] = [dimension(dout, -1), dimension(ids, -1)]
    const sequences = length === 0 ? 0 : ids.size / length
    const dpositions = sumOfRows(tf.reshape(dout, [sequences, length, width]))
    return [sumById(dout, ids, attribute('vocabulary')), tf.pad(dpositions, [[0, attribute('context') - length], [0, 0]])]
  }
} satisfies Record<string, Composed>
