import { ShoalError } from '../errors.ts'

/**
 * What every encoding starts with, so that a stray payload of another codec, version or model is refused
 * by its first bytes: id (1 byte), version (1), block (2), number of values (8), little-endian.
 */
export interface CodecHeader {
  readonly id: number
  readonly version: number
  /** Values that share a scale; 0 where there are no blocks. */
  readonly block: number
  /** Values in the vector. */
  readonly length: number
}

/** A multiple of four, so that 32-bit values behind it stay aligned. */
export const HEADER_BYTES = 12

const TWO_TO_32 = 2 ** 32

export function dataViewOf (bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Writes `header` to the first {@link HEADER_BYTES} bytes of `output`. */
export function writeHeader (output: Uint8Array, header: CodecHeader): void {
  const view = dataViewOf(output)
  view.setUint8(0, header.id)
  view.setUint8(1, header.version)
  view.setUint16(2, header.block, true)
  view.setUint32(4, header.length % TWO_TO_32, true)
  view.setUint32(8, Math.floor(header.length / TWO_TO_32), true)
}

/**
 * Checks an encoding's header and total size against what the receiver expects, before anything is read or allocated.
 *
 * @throws ShoalError CODEC_CORRUPT
 */
export function checkHeader (bytes: Uint8Array, expected: CodecHeader, totalBytes: number): void {
  if (bytes.length < HEADER_BYTES) throw corrupt(`it has ${bytes.length} bytes and the header alone needs ${HEADER_BYTES}`)
  const view = dataViewOf(bytes)
  const [id, version, block] = [view.getUint8(0), view.getUint8(1), view.getUint16(2, true)]
  const length = view.getUint32(4, true) + TWO_TO_32 * view.getUint32(8, true)
  if (id !== expected.id || version !== expected.version || block !== expected.block) {
    throw corrupt(`it says codec ${id}.${version} in blocks of ${block}, expected ${expected.id}.${expected.version} in blocks of ${expected.block}`)
  }
  if (length !== expected.length) throw corrupt(`it claims ${length} values, expected ${expected.length}`)
  if (bytes.length !== totalBytes) throw corrupt(`it has ${bytes.length} bytes, expected ${totalBytes}`)
}

/** The error of bytes that are not an encoding; `why` continues "the encoding is damaged:". */
export function corrupt (why: string): ShoalError {
  return new ShoalError({
    code: 'CODEC_CORRUPT',
    what: 'The encoded weights cannot be decoded',
    why,
    tryThis: 'The contribution was ignored; if it happens often, compare the versions of the two peers.'
  })
}

/**
 * Refuses to encode what no receiver could use.
 *
 * @throws ShoalError CODEC_CORRUPT naming the first value that is NaN or infinite
 * @throws RangeError when `output` is shorter than `neededBytes`
 */
export function checkInput (values: Float32Array, output: Uint8Array, neededBytes: number): void {
  if (output.length < neededBytes) throw new RangeError(`the output has ${output.length} bytes, ${neededBytes} are needed`)
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value - value !== 0) {
      throw new ShoalError({
        code: 'CODEC_CORRUPT',
        what: 'The weights cannot be encoded',
        why: `value ${index} of ${values.length} is ${value}`,
        tryThis: 'Training has diverged: lower the learning rate or the clipping norm.'
      })
    }
  }
}
