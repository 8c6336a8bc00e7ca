import { codecKernels, eachBatch } from '../codec-kernels/kernels.ts'
import { CODEC_STREAMS } from './noise.ts'
import { magnitudeOfRank } from './ranks.ts'
import type { Reducer } from './stage.ts'

/** Words that the kernel draws at once. */
const GROUP = 8

/** Counters: `rows` independent tables of `columns`, a power of two. */
export interface SketchShape {
  /** Odd, so that a median is one of them. */
  readonly rows: number
  readonly columns: number
}

/**
 * The count-sketch of a vector (Charikar, Chen and Farach-Colton 2002; for gradients FetchSGD, arXiv 2007.07682): in each row every value goes, with a
 * random sign, to a random counter. It is linear: sketches of the same shape and seed add up, number by number, to the sketch of the sum.
 *
 * @returns rows × columns counters, row after row
 */
export function sketchOf (values: Float32Array, shape: SketchShape, seed: number): Float32Array {
  const sums = new Float64Array(shape.rows * shape.columns)
  eachPlace(values.length, shape, seed, (_, index, counter, sign) => { sums[counter] = (sums[counter] as number) + sign * (values[index] as number) })
  return Float32Array.from(sums)
}

/**
 * What the values were: the median over the rows of their signed counters. The others' share of a counter is as often positive as negative, so the
 * estimate errs by nothing on average; its spread is about the norm of the vector over √columns.
 */
export function estimatesOf (counters: Float32Array, shape: SketchShape, length: number, seed: number): Float32Array {
  const { rows } = shape
  const signed = new Float32Array(rows * length)
  eachPlace(length, shape, seed, (row, index, counter, sign) => { signed[index * rows + row] = sign * (counters[counter] as number) })
  const middle = (rows - 1) / 2
  return Float32Array.from({ length }, (_, index) => signed.subarray(index * rows, (index + 1) * rows).sort()[middle] as number)
}

/** Sets to zero all but the `kept` largest magnitudes; among equals the first ones stay. */
export function keepHeavyHitters (values: Float32Array, kept: number): void {
  if (kept >= values.length) return
  const threshold = magnitudeOfRank(values, kept)
  let spare = kept - values.reduce((above, value) => Math.abs(value) > threshold ? above + 1 : above, 0)
  values.forEach((value, index) => {
    if (Math.abs(value) > threshold || (Math.abs(value) === threshold && spare-- > 0)) return
    values[index] = 0
  })
}

/** @param kept heavy hitters that the receiver takes; 0 for all estimates, which errs by nothing on average but mostly by noise */
export function createSketch (rows: number, columns: number, kept: number): Reducer {
  const shape = { rows, columns }
  /** A vector no longer than its sketch travels as it is. */
  const isShort = (length: number): boolean => length <= rows * columns
  return {
    kind: 'reduce',
    lossless: false,
    biased: kept > 0,
    reducedLength: length => Math.min(length, rows * columns),
    planes: () => [],
    reduce: (values, seed) => ({ values: isShort(values.length) ? values : sketchOf(values, shape, seed), planes: [] }),
    restore (values, _planes, length, seed) {
      if (isShort(length)) return values
      const restored = estimatesOf(values, shape, length, seed)
      if (kept > 0) keepHeavyHitters(restored, kept)
      return restored
    }
  }
}

/** Visits each value in each row: the lowest bits of a word say which counter, its highest the sign. */
function eachPlace (length: number, { rows, columns }: SketchShape, seed: number, visit: (row: number, index: number, counter: number, sign: number) => void): void {
  const kernels = codecKernels()
  const { at, integers } = kernels
  for (let row = 0; row < rows; row++) {
    eachBatch(length, (start, count) => {
      kernels.drawWords(at.noise, Math.ceil(count / GROUP), start / GROUP, row, seed, CODEC_STREAMS.sketch)
      for (let index = 0; index < count; index++) {
        const word = integers[at.noise / 4 + index] as number
        visit(row, start + index, row * columns + (word & columns - 1), word >>> 31 === 0 ? 1 : -1)
      }
    })
  }
}
