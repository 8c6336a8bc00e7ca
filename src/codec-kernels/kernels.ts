import { instantiateKernels, layOut } from '../compiled-kernels.ts'
import type { OwnMemory } from '../compiled-kernels.ts'
import { kernelBinary, sourceHash } from './generated/kernel-binary.ts'
import { SOURCE_HASH } from './source-hash.ts'

/** What the module exports; addresses are byte offsets into its memory. The assembly sources say what each one does. */
interface Exports extends OwnMemory {
  hashBegin (seed: number): void
  hashUpdate (from: number, bytes: number): void
  hashEnd (from: number, bytes: number): number
  drawWords (to: number, groups: number, firstGroup: number, row: number, seed: number, stream: number): void
  fillNoise (to: number, groups: number, firstGroup: number, row: number, seed: number, stream: number): void
  buildDecodeTable (table: number, slots: number): void
  encodeSymbols (symbols: number, count: number, table: number, states: number, end: number): number
  decodeSymbols (symbols: number, count: number, slots: number, states: number, words: number): number
  squaresSum (values: number, count: number): number
  blockMaxima (values: number, count: number, block: number, maxima: number): void
  valuesToSymbols (values: number, count: number, inverseStep: number, shift: number, noise: number, symbols: number, lows: number): number
  symbolsToValues (symbols: number, lows: number, count: number, step: number, shift: number, noise: number, table: number, values: number): void
  valuesToLevels (values: number, count: number, block: number, scales: number, offset: number, low: number, high: number, noise: number, symbols: number): void
  levelsToValues (symbols: number, count: number, block: number, scales: number, offset: number, low: number, noise: number, values: number): void
  valuesToCodebook (values: number, count: number, block: number, scales: number, levels: number, last: number, below: number, chances: number, symbols: number): void
  valuesToHalves (values: number, count: number, divisor: number, low: number, high: number): void
  halvesToValues (low: number, high: number, count: number, factor: number, values: number): void
  fitScales (values: number, count: number, block: number, maxima: number, clips: number, low: number, high: number, offset: number, scales: number): void
  keepLargest (values: number, chunks: number, size: number, kept: number, counts: number, lowBits: number, high: number, low: number): void
  countSymbols (symbols: number, count: number, counts: number): void
  costUnderTables (counts: number, symbols: number, lengths: number, costs: number): void
  packSymbols (symbols: number, count: number, width: number, to: number): void
  repeatGains (unit: number, distances: number, lags: number, mask: number, plain: number, difference: number, gains: number): void
  unpackSymbols (from: number, count: number, width: number, symbols: number): void
  valuesToGrid (values: number, count: number, step: number, noise: number, limit: number, indices: number, decoded: number): number
  gridToValues (indices: number, noise: number, count: number, step: number, values: number): void
  valuesToPlaces (values: number, count: number, step: number, noise: number, limit: number, places: number): void
  blockSquares (one: number, other: number, count: number, block: number, sums: number): void
  checkBlocks (indices: number, count: number, block: number, powers: number, checks: number): void
  fingerprint (indices: number, count: number, seed: number): number
  decodeBlocks (
    residues: number, places: number, count: number, block: number, moduli: number, checks: number, standing: number, widenings: number, powers: number, suspects: number, indices: number
  ): void
  encodeDigits (indices: number, count: number, block: number, knowns: number, radices: number, state: number, end: number): number
  decodeDigits (residues: number, count: number, block: number, knowns: number, radices: number, state: number, words: number): number
  flipSigns (values: number, count: number, firstGroup: number, seed: number, stream: number, words: number): void
  hadamard (values: number, size: number, scale: number): void
  multiplyColumns (columns: number, size: number, from: number, to: number): void
  accumulate (target: number, values: number, count: number, weight: number): void
}

export interface CodecKernels extends Exports {
  readonly at: Readonly<Record<keyof typeof REGION_BYTES, number>>
  readonly bytes: Uint8Array
  readonly floats: Float32Array
  readonly integers: Uint32Array
}

/** Vectors pass through in batches that fit a core's second-level cache, so the memory stays 1 MiB whatever their length. */
export const BATCH = 16_384
/** Longest chunk that a transform or a selection works on at once; a multiple of all of them. */
export const LARGE_BATCH = 65_536
export const MAXIMUM_TABLES = 8
export const TABLE_BYTES = 1024
export const SLOT_BYTES = 16_384

/** Where in the memory each kind of data of one batch lies, one region after the other. */
const REGION_BYTES = {
  values: 4 * BATCH,
  noise: 4 * BATCH,
  target: 4 * BATCH,
  symbols: BATCH,
  lows: BATCH,
  scales: 4 * BATCH,
  /** 256 × u32 each. */
  tables: MAXIMUM_TABLES * TABLE_BYTES,
  /** 4096 × u32 each. */
  slots: MAXIMUM_TABLES * SLOT_BYTES,
  states: 16,
  words: 2 * BATCH,
  /** Floats, for work on chunks; 256 × 256 × f64 of a matrix from here on; or all of a group of `modulo`. */
  large: 4 * LARGE_BATCH,
  /** Two bytes for each of them, plane after plane. */
  planes: 2 * LARGE_BATCH,
  /** For counts and words. */
  scratch: 128 * 1024
} as const

let instance: CodecKernels | undefined

/** The one instance of this thread, made on first use. Calls are synchronous and leave nothing behind, so everyone shares it. */
export function codecKernels (): CodecKernels {
  instance ??= instantiate()
  return instance
}

function instantiate (): CodecKernels {
  const exported = instantiateKernels(kernelBinary, sourceHash, SOURCE_HASH) as Exports
  const { buffer } = exported.memory
  return { ...exported, at: layOut(exported.arenaStart(), REGION_BYTES), bytes: new Uint8Array(buffer), floats: new Float32Array(buffer), integers: new Uint32Array(buffer) }
}

/** Copies `count` floats into a region and clears up to the next multiple of 16, which kernels read as well. */
export function loadFloats (kernels: CodecKernels, region: number, source: Float32Array, start: number, count: number): void {
  const at = region / 4
  kernels.floats.set(count === source.length ? source : source.subarray(start, start + count), at)
  kernels.floats.fill(0, at + count, at + padded(count))
}

/** The next multiple of 16. */
export function padded (count: number): number {
  return (count + 15) & ~15
}

/** Calls `work` for each batch of a vector of `length`: where it starts and how many values it has. */
export function eachBatch (length: number, work: (start: number, count: number) => void, batch = BATCH): void {
  for (let start = 0; start < length; start += batch) work(start, Math.min(batch, length - start))
}
