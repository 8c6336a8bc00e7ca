import { ShoalError } from '../errors.ts'
import type { Fragment } from './fragments.ts'
import { gather, scatter } from './fragments.ts'
import { mix } from './pairing-hash.ts'

/** 2⁶³: the square of a larger weight overflows float32 in the next forward pass, so no honest replica holds one. */
const LARGEST_WEIGHT = 2 ** 63

/** What a group shares to the bit, live: slow weights, and the outer momentum where there is any. */
export interface Reference {
  readonly slow: Float32Array
  /** Empty for methods without. */
  readonly momentum: Float32Array
}

/** A 32-bit fingerprint of a fragment of the slow weights and their momentum: equal bits, equal fingerprint. */
export function fingerprintOf (reference: Reference, fragment: Fragment): number {
  let hash = fragment.length
  for (const { start, end } of fragment.ranges) {
    for (const vector of vectorsOf(reference)) {
      const words = new Uint32Array(vector.buffer, vector.byteOffset + 4 * start, end - start)
      for (const word of words) hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15)
    }
  }
  return mix(hash)
}

/** A fragment of both in fp32, little-endian. */
export function encodeReference (reference: Reference, fragment: Fragment): Uint8Array {
  const vectors = vectorsOf(reference).map(vector => gather(vector, fragment))
  const bytes = new Uint8Array(4 * fragment.length * vectors.length)
  const view = new DataView(bytes.buffer)
  vectors.forEach((vector, index) => {
    vector.forEach((value, at) => { view.setFloat32(4 * (index * fragment.length + at), value, true) })
  })
  return bytes
}

/**
 * Reads what {@link encodeReference} wrote.
 *
 * @throws ShoalError CODEC_CORRUPT for another length, and for values that no honest replica holds
 */
export function decodeReference (bytes: Uint8Array, reference: Reference, fragment: Fragment): Float32Array[] {
  const vectors = vectorsOf(reference)
  if (bytes.length !== 4 * fragment.length * vectors.length) throw refusal(`it has ${bytes.length} bytes, not ${4 * fragment.length * vectors.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return vectors.map((_, index) => Float32Array.from({ length: fragment.length }, (_value, at) => {
    const value = view.getFloat32(4 * (index * fragment.length + at), true)
    if (!(Math.abs(value) <= LARGEST_WEIGHT)) throw refusal(`value ${at} is ${value}`)
    return value
  }))
}

/** φ and m become a member's; θ keeps what it has learned since, θ ← θ + (φ_new − φ_old). */
export function takeOver ([slow, momentum]: readonly Float32Array[], reference: Reference, fragment: Fragment, fast: Float32Array): void {
  if (slow === undefined) return
  const before = gather(reference.slow, fragment)
  const learned = gather(fast, fragment)
  scatter(learned.map((value, index) => value + (slow[index] as number) - (before[index] as number)), fragment, fast)
  scatter(slow, fragment, reference.slow)
  if (momentum !== undefined) scatter(momentum, fragment, reference.momentum)
}

function vectorsOf ({ slow, momentum }: Reference): readonly Float32Array[] {
  return momentum.length === 0 ? [slow] : [slow, momentum]
}

function refusal (why: string): ShoalError {
  return new ShoalError({
    code: 'CODEC_CORRUPT',
    what: 'The slow weights cannot be used',
    why,
    tryThis: 'They were ignored; another member is asked in the next round.'
  })
}
