import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import { decoded, encoded } from '../../compliance/codec-compliance.ts'

/** Sums of twelve uniform values of a fixed linear congruential generator: near enough to Gaussian, the same on every run. */
function gaussian (length: number, deviation: number): Float32Array {
  let state = 12345
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  return Float32Array.from({ length }, () => deviation * (Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, 0) - 6))
}

/** Root mean square rounding error of blockwise int8 with the scales as `scale` keeps them. */
function referenceError (values: Float32Array, block: number, scale: (exact: number) => number): number {
  let squares = 0
  for (let start = 0; start < values.length; start += block) {
    const part = values.subarray(start, start + block)
    const step = scale(part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127)
    part.forEach(value => { squares += (Math.max(-127, Math.min(127, Math.round(value / step))) * step - value) ** 2 })
  }
  return Math.sqrt(squares / values.length)
}

function errorOf (spec: string, values: Float32Array): number {
  const codec = createCodec(spec)
  const result = decoded(codec, encoded(codec, values), values.length)
  return Math.sqrt(values.reduce((sum, value, index) => sum + (value - (result[index] as number)) ** 2, 0) / values.length)
}

describe('int8', () => {
  it('costs 8.25 bits a value in blocks of 64', () => {
    expect(createCodec('int8(64)').maximumBytes(1 << 20) * 8 / (1 << 20)).toBeCloseTo(8.25, 3)
  })

  it('errs at most 2 % more than with float32 scales, at any magnitude of the weights', () => {
    for (const deviation of [1e-9, 1e-4, 0.02, 1, 1e9]) {
      const values = gaussian(64 * 1024, deviation)
      const ratio = errorOf('int8(64)', values) / referenceError(values, 64, Math.fround)
      expect(ratio).toBeGreaterThan(0.998)
      expect(ratio).toBeLessThan(1.02)
    }
  })

  it('rounds a hand-checkable block to multiples of its scale', () => {
    const values = new Float32Array([127, -127, 1, 0.4, 0.6, -2.5, 64, 0])
    const codec = createCodec('int8(8)')
    expect([...decoded(codec, encoded(codec, values), 8)]).toEqual([127, -127, 1, 0, 1, -2, 64, 0])
  })
})
