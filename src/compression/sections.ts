import { codecKernels, eachBatch, padded } from '../codec-kernels/kernels.ts'
import { dataViewOf, corrupt } from './header.ts'
import type { Plane } from './stage.ts'

/** Where the next section of an encoding is written or read. */
export interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/** First byte of a section: the width of packed symbols in bits, 0 to 8, or this for an rANS stream. */
export const RANS_MODE = 16
const MODE_BYTES = 1
const COUNT_BYTES = 4

/** Largest section that a plane can need: entropy coding falls back to packing. */
export function maximumSectionBytes ({ bits, count, isVariable }: Plane): number {
  return MODE_BYTES + (isVariable === true ? COUNT_BYTES : 0) + packedBytes(count, bits)
}

export function packedBytes (count: number, width: number): number {
  return Math.ceil(count * width / 8)
}

/** Below so many symbols a view of four at a time costs more than it saves. */
const WORTH_A_VIEW = 1024

/** Bits that the largest of the symbols needs. */
export function widthOf (symbols: Uint8Array): number {
  let [all, seen] = [0, 0]
  if (symbols.length >= WORTH_A_VIEW && symbols.byteOffset % 4 === 0) {
    const quads = new Uint32Array(symbols.buffer, symbols.byteOffset, symbols.length >>> 2)
    for (let index = 0; index < quads.length; index++) all |= quads[index] as number
    seen = 4 * quads.length
  }
  for (let index = seen; index < symbols.length; index++) all |= symbols[index] as number
  return 32 - Math.clz32((all | all >>> 8 | all >>> 16 | all >>> 24) & 255)
}

/** A variable plane's count goes in front of it. */
export function writeCount (to: Cursor, plane: Plane, count: number): void {
  if (plane.isVariable !== true) return
  dataViewOf(to.bytes).setUint32(to.at, count, true)
  to.at += COUNT_BYTES
}

/** @throws ShoalError CODEC_CORRUPT when the plane would hold more than it may */
export function readCount (from: Cursor, plane: Plane): number {
  if (plane.isVariable !== true) return plane.count
  const count = dataViewOf(takeBytes(from, COUNT_BYTES)).getUint32(0, true)
  if (count > plane.count) throw corrupt(`a plane claims ${count} symbols, at most ${plane.count} are possible`)
  return count
}

/** @throws ShoalError CODEC_CORRUPT when the encoding ends before */
export function takeBytes (from: Cursor, count: number): Uint8Array {
  if (count > from.bytes.length - from.at) throw corrupt('it ends too early')
  from.at += count
  return from.bytes.subarray(from.at - count, from.at)
}

/** @throws ShoalError CODEC_CORRUPT when the encoding has ended */
export function takeByte (from: Cursor): number {
  if (from.at >= from.bytes.length) throw corrupt('it ends too early')
  return from.bytes[from.at++] as number
}

/** Writes the symbols side by side, in as many bits as the largest one needs, lowest bit first. */
export function writePacked (to: Cursor, symbols: Uint8Array, width = widthOf(symbols)): void {
  to.bytes[to.at] = width
  to.at += MODE_BYTES
  const size = packedBytes(symbols.length, width)
  if (width === 8) to.bytes.set(symbols, to.at)
  else pack(symbols, width, to.bytes.subarray(to.at, to.at + size))
  to.at += size
}

/**
 * Reads `count` symbols of at most `bits` bits.
 *
 * @param width the section's first byte, already read
 * @throws ShoalError CODEC_CORRUPT
 */
export function readPacked (from: Cursor, width: number, bits: number, count: number): Uint8Array {
  if (width > bits) throw corrupt(`a plane of ${bits} bits claims symbols of ${width}`)
  return unpack(takeBytes(from, packedBytes(count, width)), width, count)
}

function pack (symbols: Uint8Array, width: number, output: Uint8Array): void {
  const kernels = codecKernels()
  const { at, bytes } = kernels
  eachBatch(symbols.length, (start, count) => {
    bytes.set(symbols.subarray(start, start + count), at.symbols)
    bytes.fill(0, at.symbols + count, at.symbols + padded(count))
    kernels.packSymbols(at.symbols, count, width, at.words)
    output.set(bytes.subarray(at.words, at.words + packedBytes(count, width)), packedBytes(start, width))
  })
}

function unpack (packed: Uint8Array, width: number, count: number): Uint8Array {
  if (width === 8) return packed
  const symbols = new Uint8Array(count)
  const kernels = codecKernels()
  const { at, bytes } = kernels
  eachBatch(count, (start, size) => {
    const from = packedBytes(start, width)
    bytes.set(packed.subarray(from, from + packedBytes(size, width)), at.words)
    kernels.unpackSymbols(at.words, size, width, at.symbols)
    symbols.set(bytes.subarray(at.symbols, at.symbols + size), start)
  })
  return symbols
}
