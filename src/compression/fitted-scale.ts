import type { CodecKernels } from '../codec-kernels/kernels.ts'
import type { Grid } from './block-quantizer.ts'

/** Shares of the largest magnitude at which clipping is tried; the best for Gaussian blocks of 64 lie between 0.5 (2 bits) and 0.95 (8 bits). */
const CLIPS = Float64Array.of(1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)

/**
 * The scale with the least squared error of each block in the kernels' value area: from each of a few clipping points, quantize and take the scale that
 * fits these levels best, s = Σxl / Σl² (Lloyd's second condition, restricted to a uniform grid). The blocks' largest magnitudes lie in the scale area.
 *
 * @returns a view that holds until the next batch
 */
export function leastSquaresScales (kernels: CodecKernels, count: number, block: number, { low, high, offset }: Grid): Float64Array {
  const { at, floats } = kernels
  new Float64Array(floats.buffer, at.noise, CLIPS.length).set(CLIPS)
  kernels.fitScales(at.values, count, block, at.scales, at.noise, low, high, offset, at.target)
  return new Float64Array(floats.buffer, at.target, Math.ceil(count / block))
}
