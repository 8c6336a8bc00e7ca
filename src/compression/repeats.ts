import { codecKernels } from '../codec-kernels/kernels.ts'
import { corrupt } from './header.ts'

/**
 * Rows of a matrix can repeat each other: tokens that a stretch never met get all but the same update. A unit of symbols that resembles the one a row
 * above travels as the difference to it.
 */
export const UNIT = 64
/** Row lengths that are looked for; a row is a multiple of a unit in any model worth the search. */
const LAGS = [64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096]
/** Units that the search for a row length looks at, evenly spread: it then costs little beside the rest, and finds what makes up a hundredth of a plane. */
const SAMPLES = 256
/** Planes of fewer bits, and short ones, have little to win. */
const [FEWEST_BITS, FEWEST_SYMBOLS] = [4, 2048] as const
/** Below, flags and lost context cost more than is won. */
const WORTH_BITS_PER_UNIT = 32
const WORTH_SAMPLES = 3
const VALUES = 256
/** Symbols that the kernels get at once. */
const LOADED = 65_536

export interface Repeats {
  /** Length of a row. */
  readonly lag: number
  /** 1 for each unit that travels as a difference. */
  readonly flags: Uint8Array
  readonly coded: Uint8Array
}

/** @returns undefined where rows do not repeat */
export function findRepeats (symbols: Uint8Array, bits: number): Repeats | undefined {
  if (bits < FEWEST_BITS || symbols.length < FEWEST_SYMBOLS) return undefined
  loadSizes(symbols, bits)
  const sums = new Float64Array(LAGS.length)
  const stride = UNIT * Math.ceil(symbols.length / (UNIT * SAMPLES))
  eachGain(symbols, bits, LAGS, stride, (_, gains) => {
    for (let index = 0; index < LAGS.length; index++) sums[index] = (sums[index] as number) + worth(gains[index] as number)
  })
  const best = sums.indexOf(Math.max(...sums))
  if ((sums[best] as number) < WORTH_BITS_PER_UNIT * WORTH_SAMPLES) return undefined
  return differences(symbols, LAGS[best] as number, bits)
}

function differences (symbols: Uint8Array, lag: number, bits: number): Repeats | undefined {
  const flags = new Uint8Array(Math.ceil(symbols.length / UNIT))
  const coded = symbols.slice()
  const [mask, centre] = [(1 << bits) - 1, 1 << (bits - 1)]
  eachGain(symbols, bits, [lag, lag], UNIT, (start, gains) => {
    if (worth(gains[0] as number) === 0) return
    flags[start / UNIT] = 1
    for (let index = start; index < start + UNIT; index++) coded[index] = (symbols[index] as number) - (symbols[index - lag] as number) + centre & mask
  })
  return flags.includes(1) ? { lag, flags, coded } : undefined
}

/** Bits that a unit spares as a difference; 0 where it is not worth it. */
function worth (gain: number): number {
  return gain > WORTH_BITS_PER_UNIT ? gain : 0
}

/** @throws ShoalError CODEC_CORRUPT when a unit refers to symbols before the first */
export function restoreRepeats ({ lag, flags, coded }: Repeats, bits: number): Uint8Array {
  const symbols = coded.slice()
  const [mask, centre] = [(1 << bits) - 1, 1 << (bits - 1)]
  flags.forEach((flag, unit) => {
    if (flag === 0) return
    const start = unit * UNIT
    if (lag < 1 || lag > start) throw corrupt(`unit ${unit} repeats what lies ${lag} before it`)
    const end = Math.min(start + UNIT, symbols.length)
    for (let index = start; index < end; index++) symbols[index] = (symbols[index] as number) + (symbols[index - lag] as number) - centre & mask
  })
  return symbols
}

/**
 * Puts into the kernels' memory the bits of a symbol under the plane's own frequencies, and those of a difference modulo 2^bits in Elias' gamma code: what a
 * difference wins is then no illusion.
 */
function loadSizes (symbols: Uint8Array, bits: number): void {
  const counts = new Float64Array(VALUES).fill(1)
  const stride = Math.ceil(symbols.length / (UNIT * SAMPLES))
  let total = counts.length
  for (let index = 0; index < symbols.length; index += stride) {
    const symbol = symbols[index] as number
    counts[symbol] = (counts[symbol] as number) + 1
    total++
  }
  const span = 1 << bits
  const { at, floats } = codecKernels()
  const sizes = new Float64Array(floats.buffer, at.scratch, 2 * VALUES)
  for (let value = 0; value < VALUES; value++) {
    sizes[value] = Math.log2(total / (counts[value] as number))
    sizes[VALUES + value] = 65 - 2 * Math.clz32(2 * Math.min(value, Math.max(0, span - value)) + 1) - 2
  }
}

/** Visits every `stride`-th unit that has a whole row above it with what it gains for each of an even number of ascending lags; −∞ where a lag reaches too far. */
function eachGain (symbols: Uint8Array, bits: number, lags: readonly number[], stride: number, visit: (start: number, gains: Float64Array) => void): void {
  const kernels = codecKernels()
  const { at, bytes, floats, integers } = kernels
  const [distances, results] = [at.planes, at.planes + 4 * lags.length]
  const [shortest, longest] = [lags[0] as number, lags[lags.length - 1] as number]
  integers.set(lags, distances / 4)
  const gains = new Float64Array(floats.buffer, results, lags.length)
  let [first, loaded] = [0, 0]
  for (let start = shortest; start + UNIT <= symbols.length; start += stride) {
    if (start + UNIT > loaded) {
      loaded = Math.min(symbols.length, start + LOADED)
      bytes.set(symbols.subarray(Math.max(0, start - longest), loaded), at.large + Math.max(0, longest - start))
      first = start
    }
    kernels.repeatGains(at.large + longest + start - first, distances, lags.length, (1 << bits) - 1, at.scratch, at.scratch + 8 * VALUES, results)
    for (let index = lags.length - 1; (lags[index] as number) > start; index--) gains[index] = -Infinity
    visit(start, gains)
  }
}
