import { codecKernels, eachBatch, loadFloats } from '../codec-kernels/kernels.ts'
import { corrupt } from './header.ts'
import type { Plane, Quantizer } from './stage.ts'

const FP16_LARGEST = 65_504

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

/** The bits of values, where they lie. */
function patternsOf (values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}

/** Every value as it is. */
export function createFp32 (): Quantizer {
  return {
    kind: 'quantize',
    lossless: true,
    biased: false,
    planes: bytePlanes(4),
    quantize: values => splitBytes(patternsOf(values), 4),
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
    quantize: values => splitBytes(patternsOf(values).map(bf16Of), 2),
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
      let largest = 0
      for (let index = 0; index < values.length; index++) largest = Math.max(largest, Math.abs(values[index] as number))
      let exponent = 0
      while (largest / 2 ** exponent > FP16_LARGEST) exponent++
      const [low, high] = [new Uint8Array(values.length), new Uint8Array(values.length)]
      const kernels = codecKernels()
      const { at, bytes } = kernels
      eachBatch(values.length, (start, count) => {
        loadFloats(kernels, at.values, values, start, count)
        kernels.valuesToHalves(at.values, count, 2 ** exponent, at.lows, at.symbols)
        low.set(bytes.subarray(at.lows, at.lows + count), start)
        high.set(bytes.subarray(at.symbols, at.symbols + count), start)
      })
      return [Uint8Array.of(exponent), low, high]
    },
    dequantize (planes, length) {
      const [exponent, low, high] = planes as readonly [Uint8Array, Uint8Array, Uint8Array]
      const values = new Float32Array(length)
      const kernels = codecKernels()
      const { at, bytes, floats } = kernels
      eachBatch(length, (start, count) => {
        bytes.set(low.subarray(start, start + count), at.lows)
        bytes.set(high.subarray(start, start + count), at.symbols)
        kernels.halvesToValues(at.lows, at.symbols, count, 2 ** (exponent[0] as number), at.values)
        values.set(floats.subarray(at.values / 4, at.values / 4 + count), start)
      })
      return refuseNonFinite(values)
    }
  }
}

function refuseNonFinite (values: Float32Array): Float32Array {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value - value !== 0) throw corrupt(`value ${index} is ${value}`)
  }
  return values
}
