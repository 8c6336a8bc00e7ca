import type { CodecKernels } from '../codec-kernels/kernels.ts'
import { codecKernels } from '../codec-kernels/kernels.ts'

const LANE_BYTES = 16
/** As much as the kernels' value area holds. */
const PIECE_BYTES = 65_536

/**
 * XXH32 of `bytes`: finds damage and disagreement, not forgery.
 *
 * @param seed a 32-bit natural; another seed is another hash function
 */
export function checksum (bytes: Uint8Array, seed = 0): number {
  const kernels = codecKernels()
  kernels.hashBegin(seed)
  let start = 0
  for (; bytes.length - start >= LANE_BYTES;) {
    const count = Math.min(PIECE_BYTES, (bytes.length - start) & ~(LANE_BYTES - 1))
    load(kernels, bytes, start, count)
    kernels.hashUpdate(kernels.at.values, count)
    start += count
  }
  load(kernels, bytes, start, bytes.length - start)
  return kernels.hashEnd(kernels.at.values, bytes.length - start) >>> 0
}

/** A seed for whoever was given none: the same values round the same way, other values another way. */
export function contentSeed (values: Float32Array): number {
  return checksum(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

function load (kernels: CodecKernels, bytes: Uint8Array, start: number, count: number): void {
  if (count > 0) kernels.bytes.set(count === bytes.length ? bytes : bytes.subarray(start, start + count), kernels.at.values)
}
