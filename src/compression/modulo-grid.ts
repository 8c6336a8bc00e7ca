import { codecKernels, eachBatch, loadFloats, padded } from '../codec-kernels/kernels.ts'
import { corrupt } from './header.ts'
import { magnitudeOfRank } from './ranks.ts'
import { rootMeanSquare } from './squares.ts'

/** Grid indices are 32-bit integers with room to spare for the receiver's own; what lies further out travels as it is. */
export const LARGEST_INDEX = 2 ** 30
/** Steps outside leave float32 somewhere. */
const [SMALLEST_STEP, LARGEST_STEP] = [2 ** -100, 2 ** 100] as const
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
  const wanted = STEP_AT_ZERO_BITS * rootMeanSquare(spreads) / 2 ** bits
  // What is coarse enough for the largest value is so for all: only then need none be ranked.
  const isCoarse = wanted >= FINEST * largestMagnitude(values)
  const sensible = isCoarse ? wanted : Math.max(wanted, FINEST * magnitudeOfRank(values, Math.min(values.length, mostEscapes(values.length))))
  return Math.fround(Math.min(LARGEST_STEP, Math.max(SMALLEST_STEP, sensible)))
}

function largestMagnitude (values: Float32Array): number {
  const kernels = codecKernels()
  const { at, floats } = kernels
  let largest = 0
  eachBatch(values.length, (start, count) => {
    loadFloats(kernels, at.values, values, start, count)
    kernels.blockMaxima(at.values, padded(count), padded(count), at.scales)
    largest = Math.max(largest, floats[at.scales / 4] as number)
  })
  return largest
}

/** The rungs of moduli that tell differences of these spreads apart. @param isWhole only powers of two */
export function rungsFor (spreads: Float32Array, step: number, isWhole: boolean): Uint8Array {
  const rungs = new Uint8Array(spreads.length)
  for (let index = 0; index < rungs.length; index++) rungs[index] = rungFor(spreads[index] as number, step, isWhole)
  return rungs
}

function rungFor (spread: number, step: number, isWhole: boolean): number {
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

/** What each rung stands for. @throws ShoalError CODEC_CORRUPT */
export function moduliOf (rungs: Uint8Array): Float64Array {
  const moduli = new Float64Array(rungs.length)
  // Here as below a plain loop: callbacks on typed arrays take longer than all that a block's kernels do.
  for (let index = 0; index < rungs.length; index++) {
    const rung = rungs[index] as number
    if (rung > HIGHEST_RUNG) throw corrupt('a block claims too wide residues')
    moduli[index] = MODULI[rung] as number
  }
  return moduli
}

const MODULI = Float64Array.from({ length: HIGHEST_RUNG + 1 }, (_, rung) => Math.ceil(2 ** (rung / RUNGS_A_BIT)))
