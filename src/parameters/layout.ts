import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** One tensor's place in a replica's flat vector. */
export interface TensorSlot {
  readonly name: string
  readonly shape: readonly number[]
  /** Index of the first value in the flat vector. */
  readonly offset: number
  /** Number of values. */
  readonly size: number
}

/** How a replica's tensors lie in one flat Float32Array. */
export interface ParameterLayout {
  readonly slots: readonly TensorSlot[]
  /** Number of values in the flat vector. */
  readonly size: number
}

/**
 * Lays tensors out one after the other, in the order given.
 *
 * @throws RangeError when two tensors share a name or a dimension is not a natural number
 */
export function createLayout (tensors: ReadonlyArray<{ readonly name: string, readonly shape: readonly number[] }>): ParameterLayout {
  const names = new Set<string>()
  let offset = 0
  const slots = tensors.map(({ name, shape }) => {
    if (names.has(name)) throw new RangeError(`two tensors are named ${name}`)
    if (shape.some(dimension => !Number.isSafeInteger(dimension) || dimension < 1)) {
      throw new RangeError(`${name} has the shape [${shape.join(', ')}]; dimensions are natural numbers`)
    }
    names.add(name)
    const slot: TensorSlot = { name, shape: [...shape], offset, size: shape.reduce((product, dimension) => product * dimension, 1) }
    offset += slot.size
    return slot
  })
  return { slots, size: offset }
}

/** Fingerprint of a layout (SHA-256, hex): equal for peers whose vectors mean the same. */
export function layoutHash (layout: ParameterLayout): string {
  const lines = layout.slots.map(slot => `${slot.name} ${slot.shape.join('x')} @${slot.offset}`)
  return bytesToHex(sha256(utf8ToBytes(lines.join('\n'))))
}

/** The part of `vector` that belongs to `slot`, as a view. */
export function viewOf (vector: Float32Array, slot: TensorSlot): Float32Array {
  return vector.subarray(slot.offset, slot.offset + slot.size)
}
