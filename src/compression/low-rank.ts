import { fillGaussian } from '../random/draw.ts'
import { words } from '../random/words.ts'
import { CODEC_STREAMS } from './noise.ts'
import type { Reducer } from './stage.ts'

/** One for the range of the matrix, one to sharpen it: without a warm start from the last round one is not enough. */
const ITERATIONS = 2
/** Columns shorter than this share of the first are noise. */
const NEGLIGIBLE = 1e-12

/** A piece of the vector: a matrix to factor, or values to pass on (rank 0). */
interface Piece {
  readonly start: number
  readonly rows: number
  readonly columns: number
  readonly rank: number
}

/**
 * Each matrix as the product of two thin ones, M ≈ P Qᵀ, by subspace iteration from a seeded Gaussian start (PowerSGD, arXiv 1905.13727, without its warm start:
 * codecs remember nothing). Vectors, and matrices that would not become smaller, pass as they are. P and Q are scaled to the same size, so that one
 * quantizer step suits both.
 *
 * @param shapes the tensors; a plain vector is folded into a matrix as square as can be
 */
export function createLowRank (rank: number, shapes: ReadonlyArray<readonly number[]>): Reducer {
  const sizeOf = (piece: Piece): number => piece.rank === 0 ? piece.rows * piece.columns : piece.rank * (piece.rows + piece.columns)
  const reducedLength = (length: number): number => piecesOf(length, rank, shapes).reduce((sum, piece) => sum + sizeOf(piece), 0)
  return {
    kind: 'reduce',
    lossless: false,
    biased: true,
    reducedLength,
    planes: () => [],
    reduce (values, seed) {
      const reduced = new Float32Array(reducedLength(values.length))
      let at = 0
      piecesOf(values.length, rank, shapes).forEach((piece, row) => {
        const matrix = values.subarray(piece.start, piece.start + piece.rows * piece.columns)
        if (piece.rank === 0) reduced.set(matrix, at)
        else factor(matrix, piece, words(seed, CODEC_STREAMS.lowRank, row), reduced.subarray(at, at + sizeOf(piece)))
        at += sizeOf(piece)
      })
      return { values: reduced, planes: [] }
    },
    restore (reduced, _planes, length) {
      const values = new Float32Array(length)
      let at = 0
      for (const piece of piecesOf(length, rank, shapes)) {
        const target = values.subarray(piece.start, piece.start + piece.rows * piece.columns)
        const factors = reduced.subarray(at, at + sizeOf(piece))
        if (piece.rank === 0) target.set(factors)
        else product(factors, piece, target)
        at += factors.length
      }
      return values
    }
  }
}

/** @throws RangeError when the shapes do not make up the vector */
function piecesOf (length: number, rank: number, shapes: ReadonlyArray<readonly number[]>): readonly Piece[] {
  const side = Math.floor(Math.sqrt(length))
  const columns = side === 0 ? 0 : Math.floor(length / side)
  const all = shapes.length > 0 ? shapes : [[side, columns], [length - side * columns]]
  let start = 0
  const pieces = all.map(shape => {
    const [rows = 1, ...others] = shape
    const columns = others.reduce((product, size) => product * size, 1)
    const piece: Piece = { start, rows, columns, rank: rank * (rows + columns) < rows * columns ? rank : 0 }
    start += rows * columns
    return piece
  })
  if (start !== length) throw new RangeError(`the shapes hold ${start} values, the vector ${length}`)
  return pieces
}

/** Writes P (rows × rank), then Q (columns × rank). */
function factor (matrix: Float32Array, { rows, columns, rank }: Piece, source: ReturnType<typeof words>, to: Float32Array): void {
  const left = to.subarray(0, rows * rank)
  const right = to.subarray(rows * rank)
  fillGaussian(right, source, 1)
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    orthonormalise(right, columns, rank)
    left.fill(0)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) addScaled(left, row * rank, right, column * rank, matrix[row * columns + column] as number, rank)
    }
    orthonormalise(left, rows, rank)
    right.fill(0)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) addScaled(right, column * rank, left, row * rank, matrix[row * columns + column] as number, rank)
    }
  }
  balance(left, right)
}

function product (factors: Float32Array, { rows, columns, rank }: Piece, to: Float32Array): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0
      for (let index = 0; index < rank; index++) sum += (factors[row * rank + index] as number) * (factors[(rows + column) * rank + index] as number)
      to[row * columns + column] = sum
    }
  }
}

function addScaled (to: Float32Array, toStart: number, from: Float32Array, fromStart: number, factor: number, count: number): void {
  for (let index = 0; index < count; index++) to[toStart + index] = (to[toStart + index] as number) + factor * (from[fromStart + index] as number)
}

/** Modified Gram and Schmidt over the columns; those without a direction of their own become zero. */
function orthonormalise (matrix: Float32Array, rows: number, rank: number): void {
  let largest = 0
  for (let column = 0; column < rank; column++) {
    for (let other = 0; other < column; other++) {
      const overlap = dot(matrix, rows, rank, column, other)
      for (let row = 0; row < rows; row++) matrix[row * rank + column] = (matrix[row * rank + column] as number) - overlap * (matrix[row * rank + other] as number)
    }
    const size = Math.sqrt(dot(matrix, rows, rank, column, column))
    largest = Math.max(largest, size)
    const scale = size > NEGLIGIBLE * largest ? 1 / size : 0
    for (let row = 0; row < rows; row++) matrix[row * rank + column] = scale * (matrix[row * rank + column] as number)
  }
}

function dot (matrix: Float32Array, rows: number, rank: number, one: number, other: number): number {
  let sum = 0
  for (let row = 0; row < rows; row++) sum += (matrix[row * rank + one] as number) * (matrix[row * rank + other] as number)
  return sum
}

/** Equal root mean squares; the product stays. */
function balance (left: Float32Array, right: Float32Array): void {
  const ratio = Math.sqrt(rootMeanSquare(right) / rootMeanSquare(left))
  if (!Number.isFinite(ratio) || ratio === 0) return
  for (let index = 0; index < left.length; index++) left[index] = (left[index] as number) * ratio
  for (let index = 0; index < right.length; index++) right[index] = (right[index] as number) / ratio
}

function rootMeanSquare (values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}
