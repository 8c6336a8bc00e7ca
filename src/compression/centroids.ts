import type { CodecKernels } from '../codec-kernels/kernels.ts'

/** Intervals next to zero whose centroids travel; further out a density is flat enough within one. */
const INTERVALS = 4
const SYMBOLS = 256
const BIAS = 128
/** A shift travels in 1/254 of a step, so that ±127 means half a step. */
const SCALE = 254
/** Evenly spread over the vector; the error of a centroid is then far below the 1/254 in which it travels. */
const SAMPLES = 65_536

/**
 * Where in the intervals |q| = 1, 2, 3 and ≥ 4 the values lie on average, as shifts from the middle towards zero (positive) or away. At two bits
 * decoding to centroids instead of middles takes 4 % off a Gaussian's squared error (Lloyd's first condition), for four bytes a tensor.
 */
export class Centroids {
  static readonly BYTES = INTERVALS
  readonly bytes: Uint8Array

  constructor (bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** @param symbols q + 128 of each value */
  static measured (values: Float32Array, symbols: Uint8Array, step: number): Centroids {
    const sums = new Float64Array(INTERVALS + 1)
    const counts = new Float64Array(INTERVALS + 1)
    const stride = Math.ceil(values.length / SAMPLES)
    for (let index = 0; index < values.length; index += stride) {
      const level = Math.abs((symbols[index] as number) - BIAS)
      const interval = level < INTERVALS ? level : INTERVALS
      sums[interval] = (sums[interval] as number) + level * step - Math.abs(values[index] as number)
      counts[interval] = (counts[interval] as number) + 1
    }
    const shifts = Array.from({ length: INTERVALS }, (_, below) => {
      const count = counts[below + 1] as number
      return count === 0 ? 0 : Math.max(-127, Math.min(127, Math.round((sums[below + 1] as number) / count / step * SCALE)))
    })
    return new Centroids(new Uint8Array(Int8Array.from(shifts).buffer))
  }

  /** Writes the value of each symbol into the kernels' memory and returns where. */
  load (kernels: CodecKernels, step: number): number {
    const start = kernels.at.tables / 4
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      const level = symbol - BIAS
      const byte = this.bytes[Math.min(INTERVALS, Math.abs(level)) - 1] ?? 0
      const shift = Math.max(-127, byte > 127 ? byte - SYMBOLS : byte) / SCALE
      const value = step * (level - Math.sign(level) * shift)
      kernels.floats[start + symbol] = Math.max(-LARGEST, Math.min(LARGEST, value))
    }
    return kernels.at.tables
  }
}

const LARGEST = 3.4028234663852886e38
