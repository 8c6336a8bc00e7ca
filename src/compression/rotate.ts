import { words } from '../random/words.ts'
import { CODEC_STREAMS } from './noise.ts'
import type { Reducer } from './stage.ts'

const WORD_BITS = 32

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
    reduce (values, seed) {
      const rotated = values.slice()
      flipSigns(rotated, seed)
      eachBlock(rotated.length, block, (start, size) => transform(rotated, start, size))
      return { values: rotated, planes: [] }
    },
    restore (values, _planes, length, seed) {
      const restored = values.slice()
      eachBlock(length, block, (start, size) => transform(restored, start, size))
      flipSigns(restored, seed)
      return restored
    }
  }
}

function eachBlock (length: number, block: number, work: (start: number, size: number) => void): void {
  let start = 0
  for (let size = block; size >= 1; size /= 2) {
    for (; start + size <= length; start += size) work(start, size)
  }
}

function flipSigns (values: Float32Array, seed: number): void {
  const source = words(seed, CODEC_STREAMS.rotation)
  for (let start = 0; start < values.length; start += WORD_BITS) {
    const word = source.at(start / WORD_BITS)
    const end = Math.min(start + WORD_BITS, values.length)
    for (let index = start; index < end; index++) {
      if (word >>> (index - start) & 1) values[index] = -(values[index] as number)
    }
  }
}

/** Its own inverse. */
function transform (values: Float32Array, start: number, size: number): void {
  for (let half = 1; half < size; half *= 2) {
    for (let group = start; group < start + size; group += 2 * half) {
      for (let index = group; index < group + half; index++) {
        const [left, right] = [values[index] as number, values[index + half] as number]
        values[index] = left + right
        values[index + half] = left - right
      }
    }
  }
  const scale = 1 / Math.sqrt(size)
  for (let index = start; index < start + size; index++) values[index] = scale * (values[index] as number)
}
