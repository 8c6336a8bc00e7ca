import { describe, expect, it } from 'vitest'
import type { Codec } from '../../../src/compression/codec.ts'
import { createCodec } from '../../../src/compression/codec.ts'
import { decoded, encoded } from '../../compliance/codec-compliance.ts'
import { gaussian, laplacian, meanSquare, meanSquaredError } from './draws.ts'

const LENGTH = 65_536

/** Bits a value above the rate–distortion function of a Gaussian, ½ log₂(σ²/D). */
function gapOf (codec: Codec, values: Float32Array): { bits: number, gap: number } {
  const bytes = encoded(codec, values)
  const bits = 8 * bytes.length / values.length
  const error = meanSquaredError(values, decoded(codec, bytes, values.length))
  return { bits, gap: bits - 0.5 * Math.log2(meanSquare(values) / error) }
}

describe('rates', () => {
  const values = gaussian(LENGTH, 3, 0.02)

  it.each([2, 3, 4, 5, 6, 7, 8])('a uniform step and rans at %d bits sit at most 0.3 bit above the bound', bits => {
    const { bits: spent, gap } = gapOf(createCodec(`uniform(${bits}) | rans`), values)
    expect(spent).toBeGreaterThan(bits - 0.01)
    expect(spent).toBeLessThan(bits + 0.1)
    expect(gap).toBeGreaterThan(0.2)
    expect(gap).toBeLessThan(0.3)
  })

  it('whatever is not Gaussian costs less than a Gaussian of the same size', () => {
    const { bits, gap } = gapOf(createCodec('uniform(4) | rans'), laplacian(LENGTH, 4))
    expect(bits).toBeLessThan(3.96)
    expect(gap).toBeLessThan(0.25)
  })

  it.each(['int8 | rans', 'int4 | rans', 'int2(64,mse) | rans', 'ternary | rans', 'topk(0.01) | int2 | rans', 'uniform(6) | rans', 'uniform(8) | rans', 'nf4 | rans', 'randk(0.1) | int4 | rans', 'allocate(3) | rans', 'allocate(3)', 'allocate(8)', 'uniform(3)', 'uniform(8)'])('%s expects what it spends, within a tenth', spec => {
    const codec = createCodec(spec)
    const ratio = encoded(codec, values).length / codec.expectedBytes(LENGTH)
    expect(ratio).toBeGreaterThan(0.9)
    expect(ratio).toBeLessThan(1.1)
  })

  it('entropy coding costs a byte at most where nothing can be won', () => {
    const noise = Float32Array.from(gaussian(4096, 5), value => value > 0 ? 1 : -1)
    expect(encoded(createCodec('sign(64) | rans'), noise).length).toBeLessThanOrEqual(encoded(createCodec('sign(64)'), noise).length + 3)
  })

  it('uses that tensors differ in size', () => {
    const mixed = values.map((value, index) => index < LENGTH / 2 ? value : value / 16)
    const loud = gapOf(createCodec('uniform(4) | rans'), values.subarray(0, LENGTH / 2))
    const { bits } = gapOf(createCodec('uniform(3.5) | rans'), mixed)
    // The quiet half lies below one step: it must cost next to nothing.
    expect(bits).toBeLessThan(0.5 * loud.bits + 0.5 * 0.5)
  })

  it('gives an optimal scale less error than the largest magnitude', () => {
    for (const name of ['int2', 'int4']) {
      const errorOf = (spec: string): number => meanSquaredError(values, decoded(createCodec(spec), encoded(createCodec(spec), values), LENGTH))
      expect(errorOf(`${name}(64,mse)`)).toBeLessThan(0.9 * errorOf(`${name}(64)`))
    }
  })

  it('comes to the error of Max’s quantizers for a Gaussian in long blocks', () => {
    // Uniform quantizers of 4 and 2 levels: 0.1188 and 0.3634 of the variance (Max 1960, table II).
    for (const [spec, expected] of [['int2(4096,mse)', 0.1188], ['sign(4096)', 0.3634]] as const) {
      const error = meanSquaredError(values, decoded(createCodec(spec), encoded(createCodec(spec), values), LENGTH)) / meanSquare(values)
      expect(error / expected).toBeGreaterThan(0.98)
      expect(error / expected).toBeLessThan(1.02)
    }
  })
})
