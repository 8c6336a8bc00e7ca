import type { Dtype } from '../checkpoint/safetensors-header.ts'

/** Reads values of one dtype as float32: exactly, since each of them is one. Undefined for dtypes that hold no floats. */
export function floatsOf (dtype: Dtype, bytes: Uint8Array): Float32Array | undefined {
  const copy = new Uint8Array(bytes).buffer
  switch (dtype) {
    case 'F32': return new Float32Array(copy)
    case 'F16': return Float32Array.from(new Uint16Array(copy), halfToNumber)
    case 'BF16': return brainFloats(new Uint16Array(copy))
    default: return undefined
  }
}

/** A bfloat16 is the upper half of a float32. */
function brainFloats (halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, half => half << 16).buffer)
}

/** IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction. */
function halfToNumber (half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = half >>> 10 & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
