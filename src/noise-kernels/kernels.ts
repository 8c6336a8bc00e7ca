import { instantiateKernels, layOut } from '../compiled-kernels.ts'
import type { OwnMemory } from '../compiled-kernels.ts'
import { kernelBinary, sourceHash } from './generated/kernel-binary.ts'
import { SOURCE_HASH } from './source-hash.ts'

/** What the module exports; addresses are byte offsets into its memory. The assembly sources say what each one does. */
interface Exports extends OwnMemory {
  drawSigns (to: number, blocks: number, firstBlock: number, row: number, first: number, second: number): void
  signsToBytes (words: number, count: number, to: number): void
  signsToFloats (words: number, count: number, step: number, values: number): void
  signsToSums (words: number, count: number, stride: number, seeds: number, amounts: number, sums: number): void
  drawBell (to: number, count: number, firstBlock: number, row: number, first: number, second: number): void
  bytesToFloats (bytes: number, count: number, step: number, values: number): void
  bytesToSums (bytes: number, count: number, amount: number, sums: number): void
  moveFloats (integers: number, count: number, unit: number, values: number): void
}

/** Values that pass through at a time: with the words of all directions of a pass they fit the first two levels of cache. */
export const CHUNK = 4096
/** Values of four blocks of signs, which are drawn together. */
export const GROUP = 256
/** Directions whose words are held at a time. */
export const SEEDS_AT_ONCE = 32
/** A chunk that begins in the middle of a group ends in the middle of another. */
const LARGEST_RANGE = CHUNK + GROUP

/** Bytes of one direction's signs for the longest range. */
export const WORDS_STRIDE = LARGEST_RANGE / 8

export interface NoiseKernels extends Exports {
  readonly at: Readonly<Record<keyof typeof REGION_BYTES, number>>
  readonly bytes: Int8Array
  readonly floats: Float32Array
  readonly words: Int32Array
}

/** Where in the memory each kind of data of one chunk lies, one region after the other. */
const REGION_BYTES = {
  /** Floats, or whole numbers of 32 bits. */
  values: 4 * LARGEST_RANGE,
  integers: 4 * LARGEST_RANGE,
  bytes: LARGEST_RANGE,
  words: SEEDS_AT_ONCE * WORDS_STRIDE,
  amounts: 4 * SEEDS_AT_ONCE
} as const

let instance: NoiseKernels | undefined

/** The one instance of this thread, made on first use. Calls are synchronous and leave nothing behind, so everyone shares it. */
export function noiseKernels (): NoiseKernels {
  instance ??= instantiate()
  return instance
}

function instantiate (): NoiseKernels {
  const exported = instantiateKernels(kernelBinary, sourceHash, SOURCE_HASH) as Exports
  const { buffer } = exported.memory
  return { ...exported, at: layOut(exported.arenaStart(), REGION_BYTES), bytes: new Int8Array(buffer), floats: new Float32Array(buffer), words: new Int32Array(buffer) }
}
