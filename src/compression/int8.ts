import type { Codec } from './codec.ts'
import { HEADER_BYTES, checkHeader, checkInput, corrupt, dataViewOf, writeHeader } from './header.ts'

const ID = 2
const VERSION = 1
const LEVELS = 127

/**
 * A scale travels as the upper half of a float32 (bfloat16), rounded up. Measured on Gaussian blocks of 64 (test/src/compression/int8.test.ts): 8.25 bits
 * a value against 8.5 with float32 scales, for 1 to 1.6 % (0.02 bit) more rounding error; float16 scales cost the same bytes but run out of range below 1e-6 and above 8e6.
 */
const SCALE_BYTES = 2

/** The largest scale s for which -128·s, the largest magnitude that any byte can claim, is finite in float32. */
const LARGEST_SCALE_BITS = 0x7bff

/** Adding and subtracting 1.5·2⁵² rounds a small double to the nearest integer, ties to even; several times faster than Math.round. */
const ROUNDING_SHIFT = 1.5 * 2 ** 52

/**
 * Blockwise absmax quantization to 8 bits, nearest rounding: `q = round(x / s)`, `s = max|x| / 127` over `block` values.
 * Layout: header, one scale a block, one signed byte a value. The error of a value is at most s/2, with s at most 1/126 of its block's largest magnitude.
 */
export function createInt8 (block: number): Codec {
  const scalesBytes = (length: number): number => SCALE_BYTES * Math.ceil(length / block)
  const maximumBytes = (length: number): number => HEADER_BYTES + scalesBytes(length) + length
  const headerOf = (length: number) => ({ id: ID, version: VERSION, block, length })
  return {
    spec: `int8(${block})`,
    lossless: false,
    biased: true,
    maximumBytes,
    expectedBytes: maximumBytes,
    encode (values, output) {
      const bytes = maximumBytes(values.length)
      checkInput(values, output, bytes)
      writeHeader(output, headerOf(values.length))
      const scales = dataViewOf(output.subarray(HEADER_BYTES, bytes))
      const levels = signedView(output, HEADER_BYTES + scalesBytes(values.length), values.length)
      for (let start = 0, at = 0; start < values.length; start += block, at += SCALE_BYTES) {
        const end = Math.min(start + block, values.length)
        const bits = scaleBits(largestMagnitude(values, start, end))
        scales.setUint16(at, bits, true)
        quantize(values, levels, start, end, scaleOf(bits))
      }
      return bytes
    },
    decodeAccumulate (bytes, weight, accumulator) {
      const length = accumulator.length
      checkHeader(bytes, headerOf(length), maximumBytes(length))
      const scales = dataViewOf(bytes.subarray(HEADER_BYTES))
      refuseBadScales(scales, scalesBytes(length))
      const levels = signedView(bytes, HEADER_BYTES + scalesBytes(length), length)
      for (let start = 0, at = 0; start < length; start += block, at += SCALE_BYTES) {
        const end = Math.min(start + block, length)
        const weightedScale = weight * scaleOf(scales.getUint16(at, true))
        for (let index = start; index < end; index++) {
          accumulator[index] = (accumulator[index] as number) + weightedScale * (levels[index] as number)
        }
      }
    }
  }
}

function signedView (bytes: Uint8Array, offset: number, length: number): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset + offset, length)
}

function largestMagnitude (values: Float32Array, start: number, end: number): number {
  let largest = 0
  for (let index = start; index < end; index++) {
    const magnitude = Math.abs(values[index] as number)
    if (magnitude > largest) largest = magnitude
  }
  return largest
}

function quantize (values: Float32Array, levels: Int8Array, start: number, end: number, scale: number): void {
  if (scale === 0) {
    levels.fill(0, start, end)
    return
  }
  for (let index = start; index < end; index++) {
    const level = (values[index] as number) / scale + ROUNDING_SHIFT - ROUNDING_SHIFT
    levels[index] = level > LEVELS ? LEVELS : level < -LEVELS ? -LEVELS : level
  }
}

const scratch = new DataView(new ArrayBuffer(4))

/** The smallest 16-bit scale of at least `magnitude` / 127; rounding up keeps the largest value of a block within 127 levels. */
function scaleBits (magnitude: number): number {
  const exact = magnitude / LEVELS
  scratch.setFloat32(0, exact)
  const bits = scratch.getUint16(0)
  const rounded = scaleOf(bits) < exact ? bits + 1 : bits
  return Math.min(rounded, LARGEST_SCALE_BITS)
}

function scaleOf (bits: number): number {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}

function refuseBadScales (scales: DataView, bytes: number): void {
  for (let at = 0; at < bytes; at += SCALE_BYTES) {
    const bits = scales.getUint16(at, true)
    if (bits > LARGEST_SCALE_BITS) throw corrupt(`the scale of block ${at / SCALE_BYTES} is negative, too large or not a number`)
  }
}
