import { ShoalError } from '../errors.ts'
import { checksum } from './checksum.ts'

/**
 * What every encoding starts with, little-endian: magic and version (2 bytes), bytes of the spec (1), 0 (1), checksum of all
 * that follows (4), number of values (8), seed (4), fingerprint of the shapes (4), spec (ASCII), zeros up to a multiple of four.
 * An encoding thus says what it is, and a stray payload of another codec, version or model is refused before anything is allocated.
 */
export interface CodecHeader {
  readonly spec: string
  /** Values in the vector. */
  readonly length: number
  readonly seed: number
  /** XXH32 of the tensors' shapes; 0 for a plain vector. */
  readonly shapes: number
}

const MAGIC = 0x5c
const VERSION = 1
const FIXED_BYTES = 24
const CHECKED_FROM = 8
const TWO_TO_32 = 2 ** 32

export function headerBytes (spec: string): number {
  return FIXED_BYTES + 4 * Math.ceil(spec.length / 4)
}

export function dataViewOf (bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Writes `header` to the start of `output`, all but the checksum. */
export function writeHeader (output: Uint8Array, header: CodecHeader): void {
  const view = dataViewOf(output)
  output.set([MAGIC, VERSION, header.spec.length, 0])
  view.setUint32(8, header.length % TWO_TO_32, true)
  view.setUint32(12, Math.floor(header.length / TWO_TO_32), true)
  view.setUint32(16, header.seed, true)
  view.setUint32(20, header.shapes, true)
  output.fill(0, FIXED_BYTES, headerBytes(header.spec))
  for (let index = 0; index < header.spec.length; index++) output[FIXED_BYTES + index] = header.spec.charCodeAt(index)
}

/** Writes the checksum of a finished encoding into it. */
export function seal (encoding: Uint8Array): void {
  dataViewOf(encoding).setUint32(4, checksum(encoding.subarray(CHECKED_FROM)), true)
}

/**
 * Reads what an encoding says of itself.
 *
 * @throws ShoalError CODEC_CORRUPT when it is no encoding, of another version, or damaged
 */
export function readHeader (bytes: Uint8Array): CodecHeader {
  if (bytes.length < FIXED_BYTES) throw corrupt(`it has ${bytes.length} bytes and the header alone needs ${FIXED_BYTES}`)
  const view = dataViewOf(bytes)
  const [magic, version, specBytes, zero] = [bytes[0] as number, bytes[1] as number, bytes[2] as number, bytes[3] as number]
  if (magic !== MAGIC || version !== VERSION || zero !== 0) throw corrupt(`it starts with ${magic}.${version}.${zero}, expected ${MAGIC}.${VERSION}.0`)
  const start = FIXED_BYTES + 4 * Math.ceil(specBytes / 4)
  if (bytes.length < start) throw corrupt(`it has ${bytes.length} bytes and its header needs ${start}`)
  let spec = ''
  for (let at = FIXED_BYTES; at < FIXED_BYTES + specBytes; at++) spec += String.fromCharCode(bytes[at] as number)
  const length = view.getUint32(8, true) + TWO_TO_32 * view.getUint32(12, true)
  if (view.getUint32(4, true) !== checksum(bytes.subarray(CHECKED_FROM))) throw corrupt('its checksum is wrong')
  return { spec, length, seed: view.getUint32(16, true), shapes: view.getUint32(20, true) }
}

/**
 * Checks an encoding against what the receiver expects, before anything is allocated for it.
 *
 * @returns its seed
 * @throws ShoalError CODEC_CORRUPT
 */
export function checkHeader (bytes: Uint8Array, expected: Omit<CodecHeader, 'seed'>, maximumBytes: number): number {
  if (bytes.length > maximumBytes) throw corrupt(`it has ${bytes.length} bytes, at most ${maximumBytes} are possible`)
  const { spec, length, shapes, seed } = readHeader(bytes)
  if (spec !== expected.spec) throw corrupt(`it says codec ${printable(spec)}, expected ${expected.spec}`)
  if (length !== expected.length) throw corrupt(`it claims ${length} values, expected ${expected.length}`)
  if (shapes !== expected.shapes) throw corrupt('its tensors have other shapes')
  return seed
}

function printable (spec: string): string {
  return spec.replace(/[^ -~]/g, '?').slice(0, 60)
}

/** The error of bytes that are not an encoding. */
export function corrupt (why: string): ShoalError {
  return new ShoalError({
    code: 'CODEC_CORRUPT',
    what: 'The encoded weights cannot be decoded',
    why,
    tryThis: 'The contribution was ignored; if it happens often, compare the versions of the two peers.'
  })
}
