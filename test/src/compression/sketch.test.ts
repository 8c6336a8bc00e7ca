import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import { CODEC_STREAMS } from '../../../src/compression/noise.ts'
import { createSketch, estimatesOf, keepHeavyHitters, sketchOf } from '../../../src/compression/sketch.ts'
import { words } from '../../../src/random/words.ts'
import { gaussian } from './draws.ts'

const shapes = fc.record({ rows: fc.constantFrom(1, 3, 5), columns: fc.constantFrom(16, 64, 256) })
const sizes = fc.record({ shape: shapes, length: fc.nat(600), seed: fc.nat(1000) })

/** Counter and sign of a value in a row, word by word. */
function placeOf (row: number, index: number, columns: number, seed: number): readonly [number, number] {
  const word = words(seed, CODEC_STREAMS.sketch, row).at(index)
  return [row * columns + word % columns, word < 2 ** 31 ? 1 : -1]
}

describe('the count-sketch', () => {
  it('is the sum of signed values by counter, whatever the shape', () => {
    fc.assert(fc.property(sizes, ({ shape, length, seed }) => {
      const values = gaussian(length, seed)
      const expected = new Float64Array(shape.rows * shape.columns)
      for (let row = 0; row < shape.rows; row++) {
        values.forEach((value, index) => { const [at, sign] = placeOf(row, index, shape.columns, seed); expected[at]! += sign * value })
      }
      expect(sketchOf(values, shape, seed)).toEqual(Float32Array.from(expected))
    }), { numRuns: 40 })
  })

  it('is estimated by the median of signed counters', () => {
    fc.assert(fc.property(sizes, ({ shape, length, seed }) => {
      const counters = gaussian(shape.rows * shape.columns, seed + 1)
      estimatesOf(counters, shape, length, seed).forEach((estimate, index) => {
        const signed = Array.from({ length: shape.rows }, (_, row) => { const [at, sign] = placeOf(row, index, shape.columns, seed); return sign * counters[at]! })
        expect(estimate).toBe(signed.sort((a, b) => a - b)[(shape.rows - 1) / 2])
      })
    }), { numRuns: 40 })
  })

  it('adds up: the sum of sketches is the sketch of the sum', () => {
    fc.assert(fc.property(sizes, ({ shape, length, seed }) => {
      const [one, other] = [gaussian(length, seed), gaussian(length, seed + 1, 3)]
      const [left, right] = [sketchOf(one, shape, seed), sketchOf(other, shape, seed)]
      const together = sketchOf(one.map((value, index) => value + other[index]!), shape, seed)
      together.forEach((counter, at) => expect(left[at]! + right[at]!).toBeCloseTo(counter, 3))
    }))
  })

  it('finds the heavy hitters of a mean of sketches that no part has alone', () => {
    const [length, seed, shape] = [20_000, 5, { rows: 5, columns: 1024 }]
    const parts = [1, 2, 3, 4].map(part => gaussian(length, part, 0.1))
    const heavy = [17, 4099, 19_999]
    for (const part of parts) for (const index of heavy) part[index] = 2
    const sum = new Float32Array(shape.rows * shape.columns)
    for (const part of parts) sketchOf(part, shape, seed).forEach((counter, at) => { sum[at]! += counter / parts.length })
    const found = estimatesOf(sum, shape, length, seed)
    keepHeavyHitters(found, heavy.length)
    expect([...found.keys()].filter(index => found[index] !== 0)).toEqual(heavy)
    for (const index of heavy) expect(Math.abs(found[index]! - 2)).toBeLessThan(0.5)
  })

  it('keeps as many as it says, the largest, and the first among equals', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(0, 1, -1, 2, -3, 0.5), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 70 }), (list, kept) => {
      const values = Float32Array.from(list)
      keepHeavyHitters(values, kept)
      const order = [...list.keys()].sort((a, b) => Math.abs(list[b]!) - Math.abs(list[a]!) || a - b)
      const stay = new Set(order.slice(0, kept))
      expect([...values]).toEqual(list.map((value, index) => stay.has(index) ? value : 0))
    }))
  })

  it('passes on what is no longer than the sketch', () => {
    const stage = createSketch(3, 64, 0)
    const values = gaussian(192)
    expect(stage.restore(stage.reduce(values, 1).values, [], 192, 1)).toEqual(values)
    expect(stage.reducedLength(1_000_000)).toBe(192)
    expect(createCodec('sketch(3,64)').spec).toBe('sketch(3,64,0)')
  })
})
