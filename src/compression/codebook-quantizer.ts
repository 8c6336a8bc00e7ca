import { BATCH, codecKernels, eachBatch, loadFloats, padded } from '../codec-kernels/kernels.ts'
import { BlockScales, scalePlanes } from './block-scales.ts'
import { CODEC_STREAMS } from './noise.ts'
import type { Quantizer } from './stage.ts'

/** Sixteen levels at most, ascending, the largest magnitude 1. */
export type Codebook = readonly number[]

export const codebooks = {
  /** One sign bit, three exponent bits, no mantissa: 0 and ±2⁻⁶ … ±1, the format of Streaming DiLoCo (arXiv 2501.18512). */
  fp4: [-1, -0.5, -0.25, -0.125, -0.0625, -0.03125, -0.015625, 0, 0.015625, 0.03125, 0.0625, 0.125, 0.25, 0.5, 1],
  /** Quantiles of a Gaussian with an exact zero (QLoRA, arXiv 2305.14314, appendix E). */
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1
  ]
} as const satisfies Record<string, Codebook>

const BITS = 4
const EXPECTED_BITS = { fp4: 3.4, nf4: 3.9 } as const
/** Words that the kernel draws at once. */
const WORDS_A_GROUP = 8
/** A table that finds the neighbourhood of a value without a search; the levels are further apart than its cells are wide. */
const CELLS = 256

/**
 * Blockwise quantization to a codebook: each value, divided by its block's largest magnitude, becomes the nearest level, or by chance one of its two
 * neighbours so that the mean is exact (stochastic).
 */
export function createCodebookQuantizer (name: keyof typeof codebooks, block: number, isStochastic: boolean): Quantizer {
  const levels = Float64Array.from(codebooks[name])
  const below = lowestLevels(levels)
  return {
    kind: 'quantize',
    lossless: false,
    biased: !isStochastic,
    planes: length => [...scalePlanes(length, block), { bits: BITS, count: length, expectedBits: EXPECTED_BITS[name] }],
    quantize (values, seed) {
      const scales = BlockScales.empty(values.length, block)
      const symbols = new Uint8Array(values.length)
      const kernels = codecKernels()
      const { at, bytes, floats } = kernels
      new Float64Array(floats.buffer, at.large, levels.length).set(levels)
      bytes.set(below, at.planes)
      eachBatch(values.length, (start, count) => {
        loadFloats(kernels, at.values, values, start, count)
        kernels.blockMaxima(at.values, Math.min(BATCH, padded(count)), block, at.scales)
        for (let index = 0; index < Math.ceil(count / block); index++) {
          floats[at.scales / 4 + index] = scales.set(start / block + index, floats[at.scales / 4 + index] as number)
        }
        if (isStochastic) kernels.drawWords(at.noise, Math.ceil(count / WORDS_A_GROUP), start / WORDS_A_GROUP, 0, seed, CODEC_STREAMS.rounding)
        kernels.valuesToCodebook(at.values, count, block, at.scales, at.large, levels.length - 1, at.planes, isStochastic ? at.noise : 0, at.symbols)
        symbols.set(bytes.subarray(at.symbols, at.symbols + count), start)
      })
      return [...scales.planes, symbols]
    },
    dequantize ([high, low, symbols], length) {
      const scales = BlockScales.received(high as Uint8Array, low as Uint8Array)
      const values = new Float32Array(length)
      for (let start = 0; start < length; start += block) {
        const scale = scales.at(start / block)
        const end = Math.min(start + block, length)
        for (let index = start; index < end; index++) values[index] = scale * (levels[(symbols as Uint8Array)[index] as number] ?? 0)
      }
      return values
    }
  }
}

/** For each cell of [−1, 1]: the last level not above its lower edge. */
function lowestLevels (levels: Float64Array): Uint8Array {
  return Uint8Array.from({ length: CELLS + 1 }, (_, cell) => Math.max(0, levels.findLastIndex(level => level <= 2 * cell / CELLS - 1)))
}
