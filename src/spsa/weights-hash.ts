import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { WeightSource } from './weight-source.ts'

/** Weights made at a time: 16 KB, which stay in the first-level cache. */
const HASH_CHUNK = 4096

/** SHA-256, in hex, of the weights as little-endian floats and of the clipping limit that goes with them, where there is one. */
export function hashWeights (weights: WeightSource, limit?: number): string {
  const hash = sha256.create()
  const chunk = new Float32Array(HASH_CHUNK)
  for (let first = 0; first < weights.size; first += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, weights.size - first))
    weights.read(first, part)
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
  }
  if (limit !== undefined) hash.update(Uint8Array.of(limit))
  return bytesToHex(hash.digest())
}
