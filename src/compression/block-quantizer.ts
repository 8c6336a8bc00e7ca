import { BATCH, codecKernels, eachBatch, loadFloats, padded } from '../codec-kernels/kernels.ts'
import { BlockScales, scalePlanes } from './block-scales.ts'
import { leastSquaresScales } from './fitted-scale.ts'
import { loadNoise } from './noise.ts'
import type { Rounding } from './noise.ts'
import type { Quantizer } from './stage.ts'

/** Levels (k + offset) · scale for the integers k from low to high. */
export interface Grid {
  readonly bits: number
  readonly low: number
  readonly high: number
  /** ½ where no level is zero. */
  readonly offset: number
  /** Bits a symbol costs after entropy coding, Gaussian values in blocks of 64. */
  readonly expectedBits: number
}

/** Symmetric grids: a level at zero from three levels up to 8 bits, none where it would waste a quarter or half of them. */
export const grids = {
  int8: { bits: 8, low: -127, high: 127, offset: 0, expectedBits: 7.5 },
  int4: { bits: 4, low: -7, high: 7, offset: 0, expectedBits: 3.4 },
  int2: { bits: 2, low: -2, high: 1, offset: 0.5, expectedBits: 1.9 },
  ternary: { bits: 2, low: -1, high: 1, offset: 0, expectedBits: 1.55 },
  sign: { bits: 1, low: -1, high: 0, offset: 0.5, expectedBits: 1 }
} as const satisfies Record<string, Grid>

/** What decides a block's scale: that nothing is clipped, or that the squared error is least. */
export type ScaleRule = 'absmax' | 'mse'

/**
 * Blockwise quantization to a uniform grid: `k = round(x / s − offset + noise)`, decoded to `s (k + offset − noise)` where the receiver
 * knows the noise (dithered). With absmax the error of a value is at most s/2 (s with noise), s = max|x| / {@link reachOf}.
 *
 * @param block values that share a scale, a power of two
 */
export function createBlockQuantizer (grid: Grid, block: number, rule: ScaleRule, rounding: Rounding): Quantizer {
  const reach = reachOf(grid, rounding)
  const subtracted = rounding === 'dithered' ? rounding : 'nearest'
  return {
    kind: 'quantize',
    lossless: false,
    biased: rounding === 'nearest' || rule === 'mse',
    planes: length => [...scalePlanes(length, block), { bits: grid.bits, count: length, expectedBits: grid.expectedBits }],
    quantize (values, seed) {
      const kernels = codecKernels()
      const { at } = kernels
      const symbols = new Uint8Array(values.length)
      const scales = BlockScales.empty(values.length, block)
      eachBatch(values.length, (start, count) => {
        loadFloats(kernels, at.values, values, start, count)
        kernels.blockMaxima(at.values, padded4(count), block, at.scales)
        const fitted = rule === 'mse' ? leastSquaresScales(kernels, count, block, grid) : undefined
        for (let index = 0; index < Math.ceil(count / block); index++) {
          const exact = fitted?.[index] ?? (kernels.floats[at.scales / 4 + index] as number) / reach
          kernels.floats[at.scales / 4 + index] = scales.set(start / block + index, exact)
        }
        const noise = loadNoise(kernels, rounding, seed, start, count)
        kernels.valuesToLevels(at.values, padded4(count), block, at.scales, grid.offset, grid.low, grid.high, noise, at.symbols)
        symbols.set(kernels.bytes.subarray(at.symbols, at.symbols + count), start)
      })
      return [...scales.planes, symbols]
    },
    dequantize ([high, low, symbols], length, seed) {
      const kernels = codecKernels()
      const { at } = kernels
      const scales = BlockScales.received(high as Uint8Array, low as Uint8Array)
      const values = new Float32Array(length)
      eachBatch(length, (start, count) => {
        kernels.bytes.set((symbols as Uint8Array).subarray(start, start + count), at.symbols)
        for (let index = 0; index < Math.ceil(count / block); index++) kernels.floats[at.scales / 4 + index] = scales.at(start / block + index)
        const noise = loadNoise(kernels, subtracted, seed, start, count)
        kernels.levelsToValues(at.symbols, padded4(count), block, at.scales, grid.offset, grid.low, noise, at.values)
        values.set(kernels.floats.subarray(at.values / 4, at.values / 4 + count), start)
      })
      return values
    }
  }
}

/**
 * The multiple of the scale that a block's largest magnitude is laid on: the outermost level, so that it is kept; the edge of the
 * outermost interval where no level is zero, which is the least error for rounding to nearest.
 */
function reachOf ({ high, offset }: Grid, rounding: Rounding): number {
  return rounding === 'nearest' && offset > 0 ? high + 2 * offset : high + offset
}

function padded4 (count: number): number {
  return Math.min(BATCH, padded(count), (count + 3) & ~3)
}
