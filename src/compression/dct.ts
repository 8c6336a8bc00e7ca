import { codecKernels, eachBatch } from '../codec-kernels/kernels.ts'
import type { Reducer } from './stage.ts'

/** Rows that the kernel computes at once. */
const KERNEL_ROWS = 8

/**
 * The orthonormal cosine transform (DCT-II) of each chunk, and of ever smaller powers of two at the end: what is smooth along a row gathers in few
 * coefficients, which top-k behind it keeps (DeMo, arXiv 2411.19870: chunks of 64).
 *
 * @param chunk a power of two
 */
export function createCosineTransform (chunk: number): Reducer {
  const bases = new Map<number, Float64Array>()
  const basisOf = (size: number): Float64Array => {
    const basis = bases.get(size) ?? cosines(size)
    bases.set(size, basis)
    return basis
  }
  const transformed = (values: Float32Array, isInverse: boolean): Float32Array => {
    const result = new Float32Array(values.length)
    let start = 0
    for (let size = chunk; size >= 1; size /= 2) {
      const whole = Math.floor((values.length - start) / size) * size
      if (whole > 0) multiply(basisOf(size), values.subarray(start, start + whole), result.subarray(start, start + whole), size, isInverse)
      start += whole
    }
    return result
  }
  return {
    kind: 'reduce',
    lossless: false,
    biased: false,
    reducedLength: length => length,
    planes: () => [],
    reduce: values => ({ values: transformed(values, false), planes: [] }),
    restore: values => transformed(values, true)
  }
}

/** Row k: √(2/n) cos(π k (2i + 1) / 2n), the first divided by √2. */
function cosines (size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size]
    return Math.sqrt((row === 0 ? 1 : 2) / size) * Math.cos(Math.PI * row * (2 * column + 1) / (2 * size))
  })
}

/** The basis is orthonormal: its transpose is its inverse. */
function multiply (basis: Float64Array, from: Float32Array, to: Float32Array, size: number, isTransposed: boolean): void {
  if (size < KERNEL_ROWS) { multiplyPlainly(basis, from, to, isTransposed); return }
  const kernels = codecKernels()
  const { at, floats } = kernels
  const columns = new Float64Array(floats.buffer, at.large, size * size)
  columns.set(isTransposed ? basis : basis.map((_, place) => basis[place % size * size + Math.floor(place / size)] as number))
  eachBatch(from.length, (start, count) => {
    floats.set(from.subarray(start, start + count), at.values / 4)
    for (let first = 0; first < count; first += size) kernels.multiplyColumns(at.large, size, at.values + 4 * first, at.target + 4 * first)
    to.set(floats.subarray(at.target / 4, at.target / 4 + count), start)
  })
}

/** One chunk, shorter than the kernel takes. */
function multiplyPlainly (basis: Float64Array, from: Float32Array, to: Float32Array, isTransposed: boolean): void {
  const size = from.length
  const [rowStride, columnStride] = isTransposed ? [1, size] : [size, 1]
  for (let row = 0; row < size; row++) {
    let sum = 0
    for (let column = 0; column < size; column++) sum += (basis[row * rowStride + column * columnStride] as number) * (from[column] as number)
    to[row] = sum
  }
}
