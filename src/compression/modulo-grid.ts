import { codecKernels, eachBatch } from '../codec-kernels/kernels.ts'
import { corrupt } from './header.ts'
import { loadNoise } from './noise.ts'
import { magnitudeOfRank } from './ranks.ts'

/** Grid indices are 32-bit integers with room to spare for the receiver's own; what lies further out travels as it is. */
export const LARGEST_INDEX = 2 ** 30
/** Steps outside leave float32 somewhere. */
const [SMALLEST_STEP, LARGEST_STEP] = [2 ** -100, 2 ** 100] as const
const LARGEST_VALUE = 3.4028234663852886e38
/** √(2πe), see uniform-quantizer. */
const STEP_AT_ZERO_BITS = 4.132731354122493
/** A grid finer than float32 is of no use to values of the usual size: all but one in 64. What is 64 times as large as those lies beyond the grid. */
const FINEST = 2 ** -24
const UNUSUAL_SHARE = 64
/**
 * Spreads on either side that a residue tells apart. One in eighty of Gaussian differences lies beyond, and most of those are repaired from the checks: measured in blocks
 * of 64 to 256, 2.2 costs more in widenings than it saves, 2.8 a tenth of a bit more, and a sure 4.5 would cost 0.85.
 */
const REACH = 2.5
/** Moduli are 2^(k/8): a finer ladder would save 0.03 bit a value and cost more to say. */
const RUNGS_A_BIT = 8
/** Beyond, a residue is as long as a float's own bits. */
const HIGHEST_RUNG = 24 * RUNGS_A_BIT

/** @throws ShoalError CODEC_CORRUPT */
export function checkStep (step: number): number {
  if (!(step >= SMALLEST_STEP && step <= LARGEST_STEP)) throw corrupt(`the step is ${step}`)
  return step
}

/** Values that can lie beyond the grid. */
export function mostEscapes (length: number): number {
  return 1 + Math.ceil(length / UNUSUAL_SHARE)
}

/** Δ for differences of these spreads at `bits` bits; float32. */
export function stepFor (values: Float32Array, spreads: Float32Array, bits: number): number {
  const usual = values.length === 0 ? 0 : magnitudeOfRank(values, Math.min(values.length, mostEscapes(values.length)))
  const wanted = Math.max(STEP_AT_ZERO_BITS * rootMeanSquare(spreads) / 2 ** bits, FINEST * usual)
  return Math.fround(Math.min(LARGEST_STEP, Math.max(SMALLEST_STEP, wanted)))
}

/** The rung of the modulus that tells differences of this spread apart. */
export function rungFor (spread: number, step: number, isWhole: boolean): number {
  // A difference on the grid is that of the values and half a step of rounding, uniform, whose variance is a twelfth.
  const sure = 2 * REACH * spread / step + 1
  const exact = RUNGS_A_BIT * Math.log2(Math.min(sure, 2 * REACH * Math.sqrt((spread / step) ** 2 + 1 / 12)))
  const rung = isWhole ? RUNGS_A_BIT * Math.ceil(exact / RUNGS_A_BIT) : Math.ceil(exact)
  return Math.min(HIGHEST_RUNG, Math.max(0, rung))
}

/** Bits of the residues of a vector whose spreads are all alike. */
export function bitsOfResidue (bits: number): number {
  const spreadInSteps = 2 ** bits / STEP_AT_ZERO_BITS
  return rungFor(spreadInSteps, 1, false) / RUNGS_A_BIT
}

/** @throws ShoalError CODEC_CORRUPT */
export function modulusOf (rung: number): number {
  if (rung > HIGHEST_RUNG) throw corrupt('a block claims too wide residues')
  return MODULI[rung] as number
}

const MODULI = Float64Array.from({ length: HIGHEST_RUNG + 1 }, (_, rung) => Math.ceil(2 ** (rung / RUNGS_A_BIT)))

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

function rootMeanSquare (values: Float32Array): number {
  let squares = 0
  for (let index = 0; index < values.length; index++) squares += (values[index] as number) ** 2
  return Math.sqrt(squares / Math.max(1, values.length))
}
