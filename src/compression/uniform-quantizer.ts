import type { CodecKernels } from '../codec-kernels/kernels.ts'
import { codecKernels, eachBatch, loadFloats, padded } from '../codec-kernels/kernels.ts'
import { corrupt, dataViewOf } from './header.ts'
import { loadNoise } from './noise.ts'
import type { Rounding } from './noise.ts'
import { Centroids } from './centroids.ts'
import { rootMeanSquare } from './squares.ts'
import type { Plane, Quantizer } from './stage.ts'

/** √(2πe): the step, in standard deviations, at which a Gaussian's levels have an entropy of 0 bits at high rate; halving it costs one bit. */
const STEP_AT_ZERO_BITS = 4.132731354122493
/** Steps outside have an inverse, or levels, outside of float32. */
const [SMALLEST_STEP, LARGEST_STEP] = [2 ** -120, 2 ** 125] as const

const SYMBOL_BITS = 8
/** Up to here 255 symbols reach eight standard deviations; beyond, the lowest bits, nearly uniform, travel apart. */
const BITS_WITHOUT_LOWS = 6
/** Chebyshev: at most one value in 64 lies beyond eight times the root mean square. */
const ESCAPE_SHARE = 64
const ESCAPE_BYTES = 8
const [LOWEST_TOP, HIGHEST_TOP, BIAS] = [-127, 127, 128] as const
const STEP_BYTES = 4

/** Where the noise lies in the kernels' memory and what it is. */
interface Batch {
  readonly start: number
  readonly count: number
}

/**
 * One step for the whole tensor: `q = round(x / Δ + noise)`, Δ = √(2πe) · rms(x) · 2^(−bits), for an entropy stage behind it: a Gaussian costs `bits`
 * bits a value and sits ¼ bit above the rate–distortion bound (Gish and Pierce 1968); whatever else has the same second moment costs less.
 * Decodes to the centroids of the inner intervals where rounding is to nearest. Values beyond eight root mean squares travel as they are.
 *
 * Planes: step and centroids, upper part of q, its low bits (above 6 bits), escapes.
 */
export function createUniform (bits: number, rounding: Rounding): Quantizer {
  const shift = Math.max(0, Math.ceil(bits) - BITS_WITHOUT_LOWS)
  const subtracted = rounding === 'dithered' ? rounding : 'nearest'
  const hasCentroids = rounding === 'nearest' && shift === 0
  const headBytes = STEP_BYTES + (hasCentroids ? Centroids.BYTES : 0)
  return {
    kind: 'quantize',
    lossless: false,
    biased: rounding === 'nearest',
    planes: length => planesOf(length, bits, shift, headBytes),
    quantize (values, seed) {
      const kernels = codecKernels()
      const step = stepOf(values, bits)
      const symbols = new Uint8Array(values.length)
      const lows = new Uint8Array(shift > 0 ? values.length : 0)
      const escapes: number[] = []
      eachBatch(values.length, (start, count) => {
        const hasEscapes = quantizeBatch(kernels, values, { start, count }, { step, shift, rounding, seed })
        symbols.set(kernels.bytes.subarray(kernels.at.symbols, kernels.at.symbols + count), start)
        if (shift > 0) lows.set(kernels.bytes.subarray(kernels.at.lows, kernels.at.lows + count), start)
        if (hasEscapes) collectEscapes(values, symbols, lows, { start, count }, step, shift, escapes)
      })
      const head = new Uint8Array(headBytes)
      dataViewOf(head).setFloat32(0, step, true)
      if (hasCentroids) head.set(Centroids.measured(values, symbols, step).bytes, STEP_BYTES)
      return [head, symbols, ...shift > 0 ? [lows] : [], escapeBytes(escapes, values)]
    },
    dequantize (planes, length, seed) {
      const [head, symbols] = planes as readonly [Uint8Array, Uint8Array]
      const step = dataViewOf(head).getFloat32(0, true)
      if (!(step >= SMALLEST_STEP && step <= LARGEST_STEP)) throw corrupt(`the step is ${step}`)
      const kernels = codecKernels()
      const values = new Float32Array(length)
      const table = hasCentroids ? new Centroids(head.subarray(STEP_BYTES)).load(kernels, step) : 0
      eachBatch(length, (start, count) => {
        kernels.bytes.set(symbols.subarray(start, start + count), kernels.at.symbols)
        if (shift > 0) kernels.bytes.set((planes[2] as Uint8Array).subarray(start, start + count), kernels.at.lows)
        const noise = loadNoise(kernels, subtracted, seed, start, count)
        kernels.symbolsToValues(kernels.at.symbols, kernels.at.lows, count, step, shift, noise, table, kernels.at.values)
        values.set(kernels.floats.subarray(kernels.at.values / 4, kernels.at.values / 4 + count), start)
      })
      restoreEscapes(planes[planes.length - 1] as Uint8Array, values)
      return values
    }
  }
}

function planesOf (length: number, bits: number, shift: number, headBytes: number): readonly Plane[] {
  return [
    { bits: 8, count: headBytes },
    { bits: SYMBOL_BITS, count: length, expectedBits: Math.min(SYMBOL_BITS, Math.max(0.3, bits - shift + 0.02)) },
    ...shift > 0 ? [{ bits: shift, count: length }] : [],
    { bits: 8, count: ESCAPE_BYTES * Math.ceil(length / ESCAPE_SHARE), isVariable: true, expectedBits: 0.01, packedBits: 0.01 }
  ]
}

function stepOf (values: Float32Array, bits: number): number {
  const exact = STEP_AT_ZERO_BITS * rootMeanSquare(values) / 2 ** bits
  return Math.fround(Math.min(LARGEST_STEP, Math.max(SMALLEST_STEP, exact)))
}

interface Step {
  readonly step: number
  readonly shift: number
  readonly rounding: Rounding
  readonly seed: number
}

/** @returns whether a value lies beyond the symbols */
function quantizeBatch (kernels: CodecKernels, values: Float32Array, { start, count }: Batch, { step, shift, rounding, seed }: Step): boolean {
  const { at } = kernels
  loadFloats(kernels, at.values, values, start, count)
  const noise = loadNoise(kernels, rounding, seed, start, count)
  return kernels.valuesToSymbols(at.values, padded(count), 1 / step, shift, noise, at.symbols, at.lows) !== 0
}

/** Every value near enough to the end of the range that noise may have carried it over; its symbol becomes that of zero. */
function collectEscapes (values: Float32Array, symbols: Uint8Array, lows: Uint8Array, { start, count }: Batch, step: number, shift: number, escapes: number[]): void {
  const [lowest, highest] = [step * ((LOWEST_TOP << shift) + 1), step * ((HIGHEST_TOP << shift) - 1)]
  for (let index = start; index < start + count; index++) {
    const value = values[index] as number
    if (value > lowest && value < highest) continue
    escapes.push(index)
    symbols[index] = BIAS
    if (shift > 0) lows[index] = 0
  }
}

function escapeBytes (escapes: readonly number[], values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(ESCAPE_BYTES * escapes.length)
  const view = dataViewOf(bytes)
  escapes.forEach((index, rank) => {
    view.setUint32(ESCAPE_BYTES * rank, index, true)
    view.setFloat32(ESCAPE_BYTES * rank + 4, values[index] as number, true)
  })
  return bytes
}

function restoreEscapes (bytes: Uint8Array, values: Float32Array): void {
  if (bytes.length % ESCAPE_BYTES !== 0) throw corrupt('a value beyond the range is cut short')
  const view = dataViewOf(bytes)
  for (let at = 0; at < bytes.length; at += ESCAPE_BYTES) {
    const index = view.getUint32(at, true)
    if (index >= values.length) throw corrupt(`it has a value ${index} of ${values.length}`)
    values[index] = view.getFloat32(at + 4, true)
  }
}
