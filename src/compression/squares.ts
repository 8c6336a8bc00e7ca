import { codecKernels, eachBatch, loadFloats, padded } from '../codec-kernels/kernels.ts'

/** Σ x² in double precision; NaN or infinite when a value is. */
export function squaresSum (values: Float32Array): number {
  const kernels = codecKernels()
  let sum = 0
  eachBatch(values.length, (start, count) => {
    loadFloats(kernels, kernels.at.values, values, start, count)
    sum += kernels.squaresSum(kernels.at.values, padded(count))
  })
  return sum
}

export function rootMeanSquare (values: Float32Array): number {
  return Math.sqrt(squaresSum(values) / Math.max(1, values.length))
}

/**
 * Visits each block of two vectors with Σ (one − other)².
 *
 * @param block a power of two from 4 to 4096
 */
export function eachBlockOfSquares (one: Float32Array, other: Float32Array | undefined, block: number, visit: (block: number, values: number, squares: number) => void): void {
  const kernels = codecKernels()
  const { at, floats } = kernels
  eachBatch(one.length, (start, count) => {
    loadFloats(kernels, at.values, one, start, count)
    if (other === undefined) floats.fill(0, at.target / 4, at.target / 4 + padded(count))
    else loadFloats(kernels, at.target, other, start, count)
    kernels.blockSquares(at.values, at.target, count, block, at.large)
    const sums = new Float64Array(floats.buffer, at.large, Math.ceil(count / block))
    for (let index = 0; index < sums.length; index++) visit(start / block + index, Math.min(block, count - index * block), sums[index] as number)
  })
}
