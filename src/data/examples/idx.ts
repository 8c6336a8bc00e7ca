import { ShoalError } from '../../errors.ts'
import type { ExampleSet } from './example-set.ts'

/** Numbers of one file in MNIST's format: unsigned bytes, in as many dimensions as it says. */
export interface IdxFile {
  readonly shape: readonly number[]
  readonly values: Uint8Array
}

/** The one type of numbers that images and labels come in. */
const UNSIGNED_BYTES = 0x08
const HEADER_BYTES = 4
/** Images have three, four with channels. */
const MOST_DIMENSIONS = 4
const LARGEST_VALUE = 255

/**
 * Reads an IDX file (LeCun, Cortes and Burges, "The MNIST database"): two zero bytes, the type, the number of dimensions, each dimension in
 * 32 bits, most significant byte first, and the values.
 *
 * @throws ShoalError DATA_INVALID for anything else, a truncated file included
 */
export function readIdx (bytes: Uint8Array, name: string): IdxFile {
  const [zero, alsoZero, type, dimensions = 0] = bytes
  if (bytes.length < HEADER_BYTES || zero !== 0 || alsoZero !== 0) throw invalid(name, 'it does not begin as an IDX file does; a compressed one has to be unpacked')
  if (type !== UNSIGNED_BYTES) throw invalid(name, `its values are of type ${type ?? 0}, only unsigned bytes (8) can be read`)
  const start = HEADER_BYTES * (1 + dimensions)
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS || bytes.length < start) throw invalid(name, `it says that it has ${dimensions} dimensions`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(HEADER_BYTES * (1 + axis)))
  const expected = shape.reduce((a, b) => a * b, 1)
  if (bytes.length - start !== expected) throw invalid(name, `it has ${bytes.length - start} values where its ${shape.join(' × ')} need ${expected}`)
  return { shape, values: bytes.subarray(start) }
}

/**
 * Images with their classes; a pixel of 255 becomes 1.
 *
 * @throws ShoalError DATA_INVALID when the two do not belong together
 */
export function idxSet (images: IdxFile, labels: IdxFile, name: string): ExampleSet {
  const [count = 0, ...imageShape] = images.shape
  if (imageShape.length === 0) throw invalid(name, 'its first file holds no images')
  if (labels.shape.length !== 1 || labels.shape[0] !== count) throw invalid(name, `it has ${count} images and labels of the shape ${labels.shape.join(' × ')}`)
  const length = imageShape.reduce((a, b) => a * b, 1)
  return {
    targets: labels.values,
    length,
    classes: labels.values.reduce((most, label) => Math.max(most, label + 1), 0),
    write (index, target) {
      const start = index * length
      for (let i = 0; i < length; i++) target[i] = (images.values[start + i] ?? 0) / LARGEST_VALUE
    }
  }
}

function invalid (name: string, why: string): ShoalError {
  return new ShoalError({ code: 'DATA_INVALID', what: `${name} cannot be read as examples`, why, tryThis: 'files in MNIST’s format: images-idx3-ubyte and labels-idx1-ubyte' })
}
