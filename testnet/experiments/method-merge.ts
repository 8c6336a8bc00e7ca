import { createCodec } from '../../src/compression/codec.ts'
import type { Codec } from '../../src/compression/codec.ts'

/** One merge at the end is worth a byte a weight: its error is far below what the replicas differ by. */
export const MERGE_CODEC = 'int8(64)'

/**
 * One consensus average of everyone as a reduce-scatter and all-gather sends it: contributions encoded, and their mean again.
 *
 * @returns the merged weights as everyone decodes them, and the payload that each peer sends for it
 */
export function mergeOnTheWire (replicas: readonly Float32Array[]): { readonly weights: Float32Array, readonly bytes: number } {
  const length = replicas[0]?.length ?? 0
  const codec = createCodec(MERGE_CODEC, [[length]])
  const sum = new Float32Array(length)
  let bytes = 0
  for (const replica of replicas) bytes = acrossTheWire(codec, replica, 1 / replicas.length, sum)
  const weights = new Float32Array(length)
  acrossTheWire(codec, sum, 1, weights)
  // Each peer keeps the part that it reduces and sends the others', then sends its own part's mean to each of them.
  return { weights, bytes: 2 * bytes * (replicas.length - 1) / replicas.length }
}

/** Adds the decoded values, times `weight`, to the target. */
function acrossTheWire (codec: Codec, values: Float32Array, weight: number, target: Float32Array): number {
  const output = new Uint8Array(codec.maximumBytes(values.length))
  const bytes = codec.encode(values, output, 1)
  codec.decodeAccumulate(output.subarray(0, bytes), weight, target)
  return bytes
}
