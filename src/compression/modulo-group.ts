import { codecKernels, loadFloats, padded } from '../codec-kernels/kernels.ts'
import type { CodecKernels } from '../codec-kernels/kernels.ts'
import { layOut } from '../compiled-kernels.ts'
import { loadNoise } from './noise.ts'

/** Values with a fingerprint of their own, which pass through the kernels together; blocks are whole within. */
export const GROUP = 4096
/** Of 16 values, the shortest there are. */
const MOST_BLOCKS = GROUP / 16
/** Largest prime below 2¹⁶, and a primitive root of it: its powers repeat up to their sign only after 32,760. */
const PRIME = 65_521
const ROOT = 17
const SUSPECTS = 16

const REGION_BYTES = {
  /** What the sender and the receiver share: i32. */
  indices: 4 * GROUP,
  /** f64, as all that follows up to `checks`. */
  places: 8 * GROUP,
  residues: 8 * GROUP,
  moduli: 8 * MOST_BLOCKS,
  radices: 8 * MOST_BLOCKS,
  checks: 2 * MOST_BLOCKS,
  standing: MOST_BLOCKS,
  widenings: MOST_BLOCKS,
  /** Powers of the root modulo the prime, u32. */
  powers: 4 * GROUP,
  suspects: 2 * 4 * SUSPECTS
} as const

/** The kernels with the views that groups need, and where in the memory the parts of one lie. */
export interface GroupKernels extends CodecKernels {
  readonly group: Readonly<Record<keyof typeof REGION_BYTES, number>>
  readonly signed: Int32Array
  readonly doubles: Float64Array
  readonly shorts: Uint16Array
}

let instance: GroupKernels | undefined

export function groupKernels (): GroupKernels {
  instance ??= withViews(codecKernels())
  return instance
}

function withViews (kernels: CodecKernels): GroupKernels {
  const { buffer } = kernels.floats
  return { ...kernels, group: layOut(kernels.at.large, REGION_BYTES), signed: new Int32Array(buffer), doubles: new Float64Array(buffer), shorts: new Uint16Array(buffer) }
}

const POWERS = powers()

function powers (): Uint32Array {
  const list = new Uint32Array(GROUP).fill(1)
  for (let index = 1; index < GROUP; index++) list[index] = (list[index - 1] as number) * ROOT % PRIME
  return list
}

/** A stretch of a vector. */
export interface Group {
  readonly number: number
  readonly start: number
  readonly count: number
  /** Its blocks. */
  readonly firstBlock: number
  readonly endBlock: number
}

/** @param block values a block */
export function groupsOf (length: number, block: number): readonly Group[] {
  return Array.from({ length: Math.ceil(length / GROUP) }, (_, number) => {
    const [start, firstBlock] = [number * GROUP, number * GROUP / block]
    const count = Math.min(GROUP, length - start)
    return { number, start, count, firstBlock, endBlock: firstBlock + Math.ceil(count / block) }
  })
}

/** Puts a group's values and the dither there, which is subtractive and the same on both sides, into the kernels' memory: the error of a value is then uniform and independent of it. */
export function loadDithered (kernels: GroupKernels, values: Float32Array, seed: number, { start, count }: Group): void {
  loadFloats(kernels, kernels.at.values, values, start, count)
  loadNoise(kernels, 'dithered', seed, start, count)
}

/** Puts a group's indices into the kernels' memory, and what its blocks' checks need. */
export function loadIndices ({ group, signed, integers }: GroupKernels, indices: Int32Array, block: number): void {
  signed.set(indices, group.indices / 4)
  signed.fill(0, group.indices / 4 + indices.length, group.indices / 4 + padded(indices.length))
  integers.set(POWERS.subarray(0, block), group.powers / 4)
}
