import { corrupt } from './header.ts'
import type { Plane, Quantizer } from './stage.ts'

const FP16_LARGEST = 65_504
const FP32_LARGEST = 3.4028234663852886e38
const MANTISSA_BITS = 10
const LOWEST_EXPONENT = -14

/** Byte `index` of each value is a plane of its own: the bytes of exponents are alike, which entropy coding uses. */
function bytePlanes (bytes: number): (length: number) => readonly Plane[] {
  return length => Array.from({ length: bytes }, (_, index) => ({ bits: 8, count: length, ...index === bytes - 1 ? { expectedBits: 4 } : {} }))
}

function splitBytes (patterns: Uint32Array | Uint16Array, bytes: number): readonly Uint8Array[] {
  return Array.from({ length: bytes }, (_, byte) => {
    const plane = new Uint8Array(patterns.length)
    const shift = 8 * byte
    for (let index = 0; index < plane.length; index++) plane[index] = (patterns[index] as number) >>> shift
    return plane
  })
}

/** Every value as it is. */
export function createFp32 (): Quantizer {
  return {
    kind: 'quantize',
    lossless: true,
    biased: false,
    planes: bytePlanes(4),
    quantize: values => splitBytes(new Uint32Array(values.slice().buffer), 4),
    dequantize: (planes, length) => {
      const [a, b, c, d] = planes as readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
      const patterns = new Uint32Array(length)
      for (let index = 0; index < length; index++) {
        patterns[index] = (a[index] as number) | (b[index] as number) << 8 | (c[index] as number) << 16 | (d[index] as number) << 24
      }
      return refuseNonFinite(new Float32Array(patterns.buffer))
    }
  }
}

/** The upper half of float32, rounded to nearest, ties to even; relative error at most 2⁻⁸. */
export function createBf16 (): Quantizer {
  return {
    kind: 'quantize',
    lossless: false,
    biased: true,
    planes: bytePlanes(2),
    quantize: values => splitBytes(new Uint32Array(values.slice().buffer).map(bf16Of), 2),
    dequantize: ([low, high], length) => {
      const patterns = new Uint32Array(length)
      for (let index = 0; index < length; index++) patterns[index] = ((high as Uint8Array)[index] as number) << 24 | ((low as Uint8Array)[index] as number) << 16
      return refuseNonFinite(new Float32Array(patterns.buffer))
    }
  }
}

function bf16Of (pattern: number): number {
  const rounded = (pattern + 0x7fff + (pattern >>> 16 & 1)) >>> 16
  // The largest finite values round to infinity: they stay the largest finite.
  return (rounded & 0x7fff) === 0x7f80 ? rounded - 1 : rounded
}

/** IEEE half precision, nearest, of values divided by a power of two that keeps the largest within its range (one byte, 0 for ordinary weights). */
export function createFp16 (): Quantizer {
  return {
    kind: 'quantize',
    lossless: false,
    biased: true,
    planes: length => [{ bits: 8, count: 1 }, ...bytePlanes(2)(length)],
    quantize (values) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      let exponent = 0
      while (largest / 2 ** exponent > FP16_LARGEST) exponent++
      return [Uint8Array.of(exponent), ...splitBytes(Uint16Array.from(values, value => fp16Of(value / 2 ** exponent)), 2)]
    },
    dequantize ([exponent, low, high], length) {
      const scale = 2 ** ((exponent as Uint8Array)[0] as number)
      const values = new Float32Array(length)
      for (let index = 0; index < length; index++) {
        const value = scale * valueOfFp16(((high as Uint8Array)[index] as number) << 8 | ((low as Uint8Array)[index] as number))
        values[index] = Math.max(-FP32_LARGEST, Math.min(FP32_LARGEST, value))
      }
      return refuseNonFinite(values)
    }
  }
}

const scratch = new DataView(new ArrayBuffer(4))

function fp16Of (value: number): number {
  const magnitude = Math.abs(value)
  scratch.setFloat32(0, magnitude)
  const exponent = Math.max(LOWEST_EXPONENT, (scratch.getUint32(0) >>> 23) - 127)
  // Adding and subtracting 1.5·2⁵² rounds to an integer, ties to even.
  const mantissa = magnitude * 2 ** (MANTISSA_BITS - exponent) + 1.5 * 2 ** 52 - 1.5 * 2 ** 52
  return (value < 0 ? 0x8000 : 0) | Math.min(0x7bff, mantissa + (exponent - LOWEST_EXPONENT) * 2 ** MANTISSA_BITS)
}

function valueOfFp16 (pattern: number): number {
  const exponent = pattern >>> MANTISSA_BITS & 31
  if (exponent === 31) return NaN
  const mantissa = (pattern & 1023) + (exponent > 0 ? 1024 : 0)
  const magnitude = mantissa * 2 ** (Math.max(1, exponent) - 1 + LOWEST_EXPONENT - MANTISSA_BITS)
  return pattern > 0x7fff ? -magnitude : magnitude
}

function refuseNonFinite (values: Float32Array): Float32Array {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value - value !== 0) throw corrupt(`value ${index} is ${value}`)
  }
  return values
}
