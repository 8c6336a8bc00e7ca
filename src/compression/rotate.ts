import { LARGE_BATCH, codecKernels, eachBatch } from '../codec-kernels/kernels.ts'
import { CODEC_STREAMS } from './noise.ts'
import type { Reducer } from './stage.ts'

/** Values that get their signs from one group of words. */
const GROUP_VALUES = 256

/**
 * A randomised Hadamard rotation in blocks: random signs from the seed, then the fast Walsh–Hadamard transform over √block. Orthonormal, so errors keep
 * their size; values become nearly Gaussian whatever they were, which suits every uniform quantizer (Suresh et al., arXiv 1611.00429).
 * What is left behind the last whole block is rotated in ever smaller powers of two, so that the length stays.
 *
 * @param block a power of two
 */
export function createRotation (block: number): Reducer {
  return {
    kind: 'reduce',
    lossless: false,
    biased: false,
    reducedLength: length => length,
    planes: () => [],
    reduce: (values, seed) => ({ values: rotated(values, block, seed, false), planes: [] }),
    restore: (values, _planes, _length, seed) => rotated(values, block, seed, true)
  }
}

/** The transform is its own inverse; only the order of signs and transform tells the way back from the way there. */
function rotated (values: Float32Array, block: number, seed: number, isInverse: boolean): Float32Array {
  const result = new Float32Array(values.length)
  const kernels = codecKernels()
  const { at, floats } = kernels
  const flip = (start: number, count: number): void => kernels.flipSigns(at.large, count, start / GROUP_VALUES, seed, CODEC_STREAMS.rotation, at.scratch)
  eachBatch(values.length, (start, count) => {
    floats.set(values.subarray(start, start + count), at.large / 4)
    if (!isInverse) flip(start, count)
    eachBlock(count, block, (first, size) => kernels.hadamard(at.large + 4 * first, size, 1 / Math.sqrt(size)))
    if (isInverse) flip(start, count)
    result.set(floats.subarray(at.large / 4, at.large / 4 + count), start)
  }, LARGE_BATCH)
  return result
}

/** Whole blocks, then ever smaller powers of two. */
function eachBlock (length: number, block: number, work: (start: number, size: number) => void): void {
  let start = 0
  for (let size = block; size >= 1; size /= 2) {
    for (; start + size <= length; start += size) work(start, size)
  }
}
