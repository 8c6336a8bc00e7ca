import type { CodecKernels } from '../codec-kernels/kernels.ts'
import { padded } from '../codec-kernels/kernels.ts'

/** How a value between two levels is rounded. */
export type Rounding = 'nearest' | 'stochastic' | 'dithered'

/**
 * Streams of src/random's counter-based words that codecs draw from. They lie far above the other users' (STREAMS), and each stage of a
 * codec has its own, so that no two uses ever share a word.
 */
export const CODEC_STREAMS = { rounding: 1001, rotation: 1002, selection: 1003, sketch: 1004, lowRank: 1005 } as const

/** A draw of four counters gives this many values. */
const GROUP = 16

/**
 * Puts the rounding noise of the values `start` … `start + count` − 1 into the kernels' noise area: uniform in (−½, ½), mean exactly 0, 16 bits each,
 * the same for the same seed and index on every machine.
 *
 * @param start a multiple of 16
 * @returns the address of the noise, or 0 where rounding to nearest needs none
 */
export function loadNoise (kernels: CodecKernels, rounding: Rounding, seed: number, start: number, count: number): number {
  if (rounding === 'nearest') return 0
  kernels.fillNoise(kernels.at.noise, padded(count) / GROUP, start / GROUP, 0, seed, CODEC_STREAMS.rounding)
  return kernels.at.noise
}
