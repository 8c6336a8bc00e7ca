import { CHUNK, GROUP, SEEDS_AT_ONCE, WORDS_STRIDE, noiseKernels } from '../noise-kernels/kernels.ts'
import type { NoiseKernels } from '../noise-kernels/kernels.ts'
import type { Contribution, Noise, Seed } from './noise.ts'
import { COUNTER_ROWS, SIGNS_PER_BLOCK, plainGaussian, plainRademacher } from './plain-noise.ts'

const BLOCKS_PER_GROUP = GROUP / SIGNS_PER_BLOCK
const SIGNS_PER_WORD = 32
const BELLS_PER_GROUP = 4

/** A chunk of a vector and the whole groups of blocks that it lies in. */
interface Stretch {
  /** Where the chunk begins in the vector, and its length. */
  readonly start: number
  readonly count: number
  readonly firstBlock: number
  readonly blocks: number
  /** Values of the first block before the chunk. */
  readonly skipped: number
}

function * stretches (length: number, first: number): Generator<Stretch> {
  for (let start = 0; start < length; start += CHUNK) {
    const [count, index] = [Math.min(CHUNK, length - start), first + start]
    const skipped = index % SIGNS_PER_BLOCK
    const groups = Math.ceil((skipped + count) / GROUP)
    yield { start, count, firstBlock: Math.floor(index / SIGNS_PER_BLOCK), blocks: groups * BLOCKS_PER_GROUP, skipped }
  }
}

function drawSigns (kernels: NoiseKernels, seed: Seed, { blocks, firstBlock }: Stretch, to = kernels.at.words): number {
  kernels.drawSigns(to, blocks, firstBlock, COUNTER_ROWS.rademacher, seed[0], seed[1])
  return blocks * SIGNS_PER_BLOCK / SIGNS_PER_WORD
}

/** The signs of src/noise-kernels: the same bits as the plain ones. */
export const compiledRademacher: Noise = {
  ...plainRademacher,
  fill (target, seed, first) {
    const kernels = noiseKernels()
    for (const stretch of stretches(target.length, first)) {
      kernels.signsToBytes(kernels.at.words, drawSigns(kernels, seed, stretch), kernels.at.bytes)
      const from = kernels.at.bytes + stretch.skipped
      target.set(kernels.bytes.subarray(from, from + stretch.count), stretch.start)
    }
  },
  perturb (values, seed, first, step) {
    const kernels = noiseKernels()
    for (const stretch of stretches(values.length, first)) {
      const words = drawSigns(kernels, seed, stretch)
      throughKernels(kernels.floats, kernels, values, stretch, at => { kernels.signsToFloats(kernels.at.words, words, step, at) })
    }
  },
  accumulate (sums, contributions, first) {
    const kernels = noiseKernels()
    for (const stretch of stretches(sums.length, first)) {
      throughKernels(kernels.words, kernels, sums, stretch, at => {
        for (let next = 0; next < contributions.length; next += SEEDS_AT_ONCE) addSigns(kernels, contributions.slice(next, next + SEEDS_AT_ONCE), stretch, at)
      })
    }
  }
}

function addSigns (kernels: NoiseKernels, contributions: readonly Contribution[], stretch: Stretch, sums: number): void {
  let words = 0
  contributions.forEach(({ seed, amount }, index) => {
    words = drawSigns(kernels, seed, stretch, kernels.at.words + index * WORDS_STRIDE)
    kernels.words[kernels.at.amounts / 4 + index] = -amount
  })
  kernels.signsToSums(kernels.at.words, words, WORDS_STRIDE, contributions.length, kernels.at.amounts, sums)
}

/** Copies a stretch into the kernels' memory, where `work` is told its address, and back. */
function throughKernels<Values extends Float32Array | Int32Array> (memory: Values, { at }: NoiseKernels, values: Values, { start, count, skipped }: Stretch, work: (address: number) => void): void {
  const offset = at.values / 4 + skipped
  memory.set(values.subarray(start, start + count), offset)
  work(at.values)
  values.set(memory.subarray(offset, offset + count), start)
}

/** A bell-shaped value has a block of its own, so none is skipped. */
function * bellStretches (length: number, first: number): Generator<Stretch> {
  for (let start = 0; start < length; start += CHUNK) {
    const count = Math.min(CHUNK, length - start)
    yield { start, count, firstBlock: first + start, blocks: Math.ceil(count / BELLS_PER_GROUP) * BELLS_PER_GROUP, skipped: 0 }
  }
}

function drawBell (kernels: NoiseKernels, seed: Seed, { blocks, firstBlock }: Stretch): void {
  kernels.drawBell(kernels.at.bytes, blocks, firstBlock, COUNTER_ROWS.gaussian, seed[0], seed[1])
}

/** The bell curve of src/noise-kernels: the same integers as the plain one's. */
export const compiledGaussian: Noise = {
  ...plainGaussian,
  fill (target, seed, first) {
    const kernels = noiseKernels()
    for (const stretch of bellStretches(target.length, first)) {
      drawBell(kernels, seed, stretch)
      target.set(kernels.bytes.subarray(kernels.at.bytes, kernels.at.bytes + stretch.count), stretch.start)
    }
  },
  perturb (values, seed, first, step) {
    const kernels = noiseKernels()
    for (const stretch of bellStretches(values.length, first)) {
      drawBell(kernels, seed, stretch)
      throughKernels(kernels.floats, kernels, values, stretch, at => { kernels.bytesToFloats(kernels.at.bytes, stretch.blocks, step, at) })
    }
  },
  accumulate (sums, contributions, first) {
    const kernels = noiseKernels()
    for (const stretch of bellStretches(sums.length, first)) {
      throughKernels(kernels.words, kernels, sums, stretch, at => {
        for (const { seed, amount } of contributions) {
          drawBell(kernels, seed, stretch)
          kernels.bytesToSums(kernels.at.bytes, stretch.blocks, -amount, at)
        }
      })
    }
  }
}
