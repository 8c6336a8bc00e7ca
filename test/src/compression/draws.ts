import { words } from '../../../src/random/words.ts'

/** Standard Gaussian values by Box and Muller, the same on every run. */
export function gaussian (length: number, seed = 1, deviation = 1): Float32Array {
  const source = words(seed, 77)
  return Float32Array.from({ length }, () => {
    const radius = Math.sqrt(-2 * Math.log((source.next() + 0.5) / 2 ** 32))
    return deviation * radius * Math.cos(2 * Math.PI * source.next() / 2 ** 32)
  })
}

/** Laplacian values of unit variance. */
export function laplacian (length: number, seed = 1): Float32Array {
  const source = words(seed, 78)
  return Float32Array.from({ length }, () => {
    const uniform = (source.next() + 0.5) / 2 ** 32 - 0.5
    return -Math.sign(uniform) * Math.log(1 - 2 * Math.abs(uniform)) / Math.SQRT2
  })
}

export function meanSquare (values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length
}

export function meanSquaredError (one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + (value - (other[index] as number)) ** 2, 0) / one.length
}
