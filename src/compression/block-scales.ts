import { corrupt } from './header.ts'
import type { Plane } from './stage.ts'

/** The largest finite bfloat16; a level that it would carry beyond float32 decodes to the largest float32. */
const LARGEST_BITS = 0x7f7f

const scratch = new DataView(new ArrayBuffer(4))

/**
 * A scale travels as the upper half of a float32 (bfloat16), rounded up. Measured on Gaussian blocks of 64 (test/src/compression/int8.test.ts): 8.25 bits
 * a value against 8.5 with float32 scales, for 1 to 1.6 % (0.02 bit) more rounding error; float16 scales cost the same bytes but run out of range
 * below 1e-6 and above 8e6. Upper and lower bytes travel apart: the upper ones are nearly alike, which entropy coding uses.
 */
export function scalePlanes (length: number, block: number): readonly Plane[] {
  const count = Math.ceil(length / block)
  return [{ bits: 8, count, expectedBits: 2 }, { bits: 8, count, expectedBits: 7 }]
}

/** One scale for each block of a vector. */
export class BlockScales {
  /** Upper and lower bytes. */
  readonly planes: readonly [Uint8Array, Uint8Array]

  private constructor (high: Uint8Array, low: Uint8Array) {
    this.planes = [high, low]
  }

  static empty (length: number, block: number): BlockScales {
    const count = Math.ceil(length / block)
    return new BlockScales(new Uint8Array(count), new Uint8Array(count))
  }

  /** @throws ShoalError CODEC_CORRUPT when a scale is negative, too large or not a number */
  static received (high: Uint8Array, low: Uint8Array): BlockScales {
    for (let index = 0; index < high.length; index++) {
      if (((high[index] as number) << 8 | (low[index] as number)) > LARGEST_BITS) throw corrupt(`the scale of block ${index} is negative, too large or not a number`)
    }
    return new BlockScales(high, low)
  }

  /** Stores the smallest 16-bit scale of at least `exact`, which keeps the largest value of a block within the levels, and returns it. */
  set (index: number, exact: number): number {
    scratch.setFloat32(0, exact)
    const above = scratch.getUint16(0) + (scaleOf(scratch.getUint16(0)) < exact ? 1 : 0)
    const bits = Math.min(above, LARGEST_BITS)
    this.planes[0][index] = bits >>> 8
    this.planes[1][index] = bits & 255
    return scaleOf(bits)
  }

  at (index: number): number {
    return scaleOf((this.planes[0][index] as number) << 8 | (this.planes[1][index] as number))
  }
}

function scaleOf (bits: number): number {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}
