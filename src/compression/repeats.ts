import { corrupt } from './header.ts'

/**
 * Rows of a matrix can repeat each other: tokens that a stretch never met get all but the same update. A unit of symbols that resembles the one a row
 * above travels as the difference to it.
 */
export const UNIT = 64
/** Row lengths that are looked for; a row is a multiple of a unit in any model worth the search. */
const LAGS = [64, 128, 192, 256, 320, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096]
/** Units that the search for a row length looks at, evenly spread: it then costs little beside the rest, and finds what makes up a hundredth of a plane. */
const SAMPLES = 256
/** Planes of fewer bits, and short ones, have little to win. */
const [FEWEST_BITS, FEWEST_SYMBOLS] = [4, 2048] as const
/** Below, flags and lost context cost more than is won. */
const WORTH_BITS_PER_UNIT = 32
const WORTH_SAMPLES = 3

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
  const sizes = sizesAround(symbols, bits)
  const stride = UNIT * Math.ceil(symbols.length / (UNIT * SAMPLES))
  let best: { readonly lag: number, readonly gain: number } = { lag: 0, gain: 0 }
  for (const lag of LAGS) {
    let gain = 0
    for (let start = Math.ceil(lag / UNIT) * UNIT; start + UNIT <= symbols.length; start += stride) gain += Math.max(0, gainOf(symbols, start, lag, bits, sizes))
    if (gain > best.gain) best = { lag, gain }
  }
  if (best.gain < WORTH_BITS_PER_UNIT * WORTH_SAMPLES) return undefined
  return differences(symbols, best.lag, bits, sizes)
}

function differences (symbols: Uint8Array, lag: number, bits: number, sizes: Sizes): Repeats | undefined {
  const flags = new Uint8Array(Math.ceil(symbols.length / UNIT))
  const coded = symbols.slice()
  const [mask, centre] = [(1 << bits) - 1, 1 << (bits - 1)]
  for (let start = Math.ceil(lag / UNIT) * UNIT; start + UNIT <= symbols.length; start += UNIT) {
    if (gainOf(symbols, start, lag, bits, sizes) === 0) continue
    flags[start / UNIT] = 1
    for (let index = start; index < start + UNIT; index++) coded[index] = (symbols[index] as number) - (symbols[index - lag] as number) + centre & mask
  }
  return flags.includes(1) ? { lag, flags, coded } : undefined
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

/** Bits of a symbol under the plane's own frequencies, and of a difference modulo 2^bits in Elias' gamma code: what a difference wins is then no illusion. */
interface Sizes {
  readonly plain: Float64Array
  readonly difference: Float64Array
}

function sizesAround (symbols: Uint8Array, bits: number): Sizes {
  const counts = new Float64Array(256).fill(1)
  const stride = Math.ceil(symbols.length / (UNIT * SAMPLES))
  let total = counts.length
  for (let index = 0; index < symbols.length; index += stride) {
    const symbol = symbols[index] as number
    counts[symbol] = (counts[symbol] as number) + 1
    total++
  }
  const span = 1 << bits
  return {
    plain: counts.map(count => Math.log2(total / count)),
    difference: Float64Array.from({ length: 256 }, (_, difference) => 65 - 2 * Math.clz32(2 * Math.min(difference, Math.max(0, span - difference)) + 1) - 2)
  }
}

/** Bits that a unit would spare as a difference; 0 where it is not worth it. */
function gainOf (symbols: Uint8Array, start: number, lag: number, bits: number, { plain, difference }: Sizes): number {
  const mask = (1 << bits) - 1
  let gain = 0
  for (let index = start; index < start + UNIT; index++) {
    const symbol = symbols[index] as number
    gain += (plain[symbol] as number) - (difference[symbol - (symbols[index - lag] as number) & mask] as number)
  }
  return gain > WORTH_BITS_PER_UNIT ? gain : 0
}
