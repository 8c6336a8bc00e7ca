import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ShoalError, reasonOf } from '../errors.ts'
import { BYTES_PER_VALUE, MAXIMUM_HEADER_BYTES, checkPlaces, corrupt, parseHeader } from './safetensors-header.ts'
import type { Dtype, Place } from './safetensors-header.ts'

export interface Tensor {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** Values in row-major order, little-endian. */
  readonly bytes: Uint8Array
}

export interface TensorFile {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: readonly Tensor[]
}

export interface DecodedTensorFile extends TensorFile {
  /** True when the file carries a seal, and it holds; other writers leave none. */
  readonly sealed: boolean
}

/** SHA-256 of the chunks one after the other; `node/` passes the platform's, which is several times faster. */
export type Sha256 = (chunks: Iterable<Uint8Array>) => Uint8Array

/** The metadata key of the seal: SHA-256 (hex) of the whole file with these 64 digits as zeros. */
const SEAL_KEY = 'sha256'
const NO_SEAL = '0'.repeat(64)

/** The file begins with its header's length in so many bytes, little-endian. */
const LENGTH_BYTES = 8
/** Tensor data starts at a multiple of this, so that a memory map can be viewed as any dtype. */
const ALIGNMENT = 8
const SPACE = 0x20

/** A safetensors file that lacks nothing but its seal. */
export interface UnsealedFile {
  /** The header, then the tensors in the order given: views of `tensor.bytes`, not copies. */
  readonly chunks: readonly Uint8Array[]
  /** Writes the SHA-256 of `chunks` as they are before into the header. */
  seal (digest: Uint8Array): void
}

/**
 * Lays out a safetensors file: the header length (8 bytes, little-endian), a JSON header, the tensors. For whoever
 * hashes in pieces; `encodeSafetensors` does it at once.
 *
 * @throws RangeError when a tensor's bytes do not fit its shape, names repeat, or metadata claims the seal's key
 */
export function layOutSafetensors (file: TensorFile): UnsealedFile {
  if (SEAL_KEY in file.metadata) throw new RangeError(`the metadata key ${SEAL_KEY} belongs to the seal`)
  const head = encodeHead(headerOf(file))
  const sealAt = findSeal(head, NO_SEAL)
  return {
    chunks: [head, ...file.tensors.map(tensor => tensor.bytes)],
    seal: digest => { head.set(utf8ToBytes(bytesToHex(digest)), sealAt) }
  }
}

/**
 * Writes a sealed safetensors file. Any safetensors reader reads it; ours also verifies the seal.
 *
 * @throws RangeError as `layOutSafetensors`
 */
export function encodeSafetensors (file: TensorFile, hash: Sha256 = portableSha256): Uint8Array[] {
  const unsealed = layOutSafetensors(file)
  unsealed.seal(hash(unsealed.chunks))
  return [...unsealed.chunks]
}

/**
 * Reads a safetensors file, strictly: nothing overlaps, nothing is missing, nothing is left over, and the seal, if there is one, holds.
 *
 * @returns tensors whose bytes are views of `file`
 * @throws ShoalError CHECKPOINT_CORRUPT for any other bytes
 */
export function decodeSafetensors (file: Uint8Array, hash: Sha256 = portableSha256): DecodedTensorFile {
  try {
    const headerLength = readHeaderLength(file)
    const data = viewBytes(file, LENGTH_BYTES + headerLength, file.length)
    const header = parseHeader(viewBytes(file, LENGTH_BYTES, LENGTH_BYTES + headerLength))
    checkPlaces(header.places, data.length)
    const seal = header.metadata[SEAL_KEY]
    if (seal !== undefined) checkSeal(new Uint8Array(viewBytes(file, 0, LENGTH_BYTES + headerLength)), data, seal, hash)
    return { metadata: header.metadata, sealed: seal !== undefined, tensors: header.places.map(place => tensorAt(place, data)) }
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw corrupt(reasonOf(error), error)
  }
}

/**
 * The metadata of a file of which only the beginning is at hand; nothing else of it is checked.
 *
 * @param read gives that many bytes from an offset of the file, fewer where it ends
 * @throws ShoalError CHECKPOINT_CORRUPT
 */
export function readMetadata (read: (offset: number, length: number) => Uint8Array): Readonly<Record<string, string>> {
  try {
    const prefix = read(0, LENGTH_BYTES)
    const length = prefix.length < LENGTH_BYTES ? 0n : new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true)
    if (length > BigInt(MAXIMUM_HEADER_BYTES)) throw corrupt(`its header claims ${length.toString()} bytes`)
    return parseHeader(read(LENGTH_BYTES, Number(length))).metadata
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw corrupt(reasonOf(error), error)
  }
}

/** A tensor of fp32 values; its bytes are a view of `values`. */
export function float32Tensor (name: string, shape: readonly number[], values: Float32Array): Tensor {
  return { name, dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}

/** The values of an fp32 tensor, copied. */
export function float32Values (tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'F32') throw corrupt(`${tensor.name} holds ${tensor.dtype}, not F32`)
  return new Float32Array(new Uint8Array(tensor.bytes).buffer)
}

/** A plain view: the `slice` of Node's Buffer, which files are read into, does not copy. */
function viewBytes (bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

function portableSha256 (chunks: Iterable<Uint8Array>): Uint8Array {
  const state = sha256.create()
  for (const chunk of chunks) state.update(chunk)
  return state.digest()
}

function headerOf (file: TensorFile): string {
  const entries = new Map<string, unknown>([['__metadata__', { ...file.metadata, [SEAL_KEY]: NO_SEAL }]])
  let offset = 0
  for (const { name, dtype, shape, bytes } of file.tensors) {
    const expected = shape.reduce((product, dimension) => product * dimension, BYTES_PER_VALUE[dtype])
    if (bytes.length !== expected) throw new RangeError(`${name} has ${bytes.length} bytes; its shape takes ${expected}`)
    if (entries.has(name)) throw new RangeError(`the name ${name} is taken`)
    entries.set(name, { dtype, shape, data_offsets: [offset, offset + bytes.length] })
    offset += bytes.length
  }
  return JSON.stringify(Object.fromEntries(entries))
}

function encodeHead (header: string): Uint8Array {
  const text = utf8ToBytes(header)
  const headerLength = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT
  const head = new Uint8Array(LENGTH_BYTES + headerLength).fill(SPACE)
  new DataView(head.buffer).setBigUint64(0, BigInt(headerLength), true)
  head.set(text, LENGTH_BYTES)
  return head
}

function readHeaderLength (file: Uint8Array): number {
  if (file.length < LENGTH_BYTES) throw corrupt(`the file ends after ${file.length} bytes`)
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true)
  if (length > BigInt(file.length - LENGTH_BYTES)) throw corrupt(`the header claims ${length} bytes of a file of ${file.length}`)
  return Number(length)
}

function checkSeal (head: Uint8Array, data: Uint8Array, seal: string, hash: Sha256): void {
  head.set(utf8ToBytes(NO_SEAL), findSeal(head, seal))
  if (bytesToHex(hash([head, data])) !== seal) throw corrupt('the SHA-256 of its content is not the one written in it')
}

/** Where the seal's digits lie in the head. */
function findSeal (head: Uint8Array, seal: string): number {
  const needle = utf8ToBytes(`"${SEAL_KEY}":"${seal}"`)
  for (let at = LENGTH_BYTES; at + needle.length <= head.length; at++) {
    if (needle.every((byte, index) => head[at + index] === byte)) return at + SEAL_KEY.length + 4
  }
  throw corrupt('its seal is not written the way a seal is')
}

function tensorAt (place: Place, data: Uint8Array): Tensor {
  return { name: place.name, dtype: place.dtype, shape: place.shape, bytes: data.subarray(place.start, place.end) }
}
