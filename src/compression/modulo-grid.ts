import { codecKernels, eachBatch } from '../codec-kernels/kernels.ts'
import { corrupt } from './header.ts'
import { loadNoise } from './noise.ts'

/** Residues of at most so many bits: beyond, the plain index is as short. */
export const MAXIMUM_WIDTH = 24
/** Grid indices are 32-bit integers with room to spare for the receiver's own. */
export const LARGEST_INDEX = 2 ** 30
/** Steps outside leave float32 somewhere. */
const [SMALLEST_STEP, LARGEST_STEP] = [2 ** -100, 2 ** 100] as const
const LARGEST_VALUE = 3.4028234663852886e38

/** @throws ShoalError CODEC_CORRUPT */
export function checkStep (step: number): number {
  if (!(step >= SMALLEST_STEP && step <= LARGEST_STEP)) throw corrupt(`the step is ${step}`)
  return step
}

/**
 * Visits values / step + noise, the noise subtractive and the same on both sides: the error of a value is then uniform and independent of it.
 *
 * @param visit gets the index, the place on the grid and the noise
 */
export function eachOnGrid (values: Float32Array, step: number, seed: number, visit: (index: number, place: number, noise: number) => void): void {
  const kernels = codecKernels()
  eachBatch(values.length, (start, count) => {
    const from = loadNoise(kernels, 'dithered', seed, start, count) / 4
    for (let index = 0; index < count; index++) {
      const noise = kernels.floats[from + index] as number
      visit(start + index, (values[start + index] as number) / step + noise, noise)
    }
  })
}

/** The value of a grid index, the same bits on both sides. */
export function valueOf (gridIndex: number, noise: number, step: number): number {
  return Math.max(-LARGEST_VALUE, Math.min(LARGEST_VALUE, Math.fround(step * (gridIndex - noise))))
}

/** Fingerprint of a block's grid indices (Murmur3's mixing): 32 bits, of which the upper half travels with the block. */
export function fingerprint (indices: Int32Array, start: number, end: number): number {
  let hash = start | 0
  for (let index = start; index < end; index++) {
    hash = Math.imul(hash ^ (indices[index] as number), 0x85ebca6b)
    hash = (hash << 13 | hash >>> 19) + 0x2545f491 | 0
  }
  hash = Math.imul(hash ^ hash >>> 16, 0xc2b2ae35)
  return (hash ^ hash >>> 13) >>> 0
}

/** Of all blocks together, in order. */
export function combined (fingerprints: Uint32Array): number {
  return fingerprint(new Int32Array(fingerprints.buffer, fingerprints.byteOffset, fingerprints.length), 0, fingerprints.length)
}
