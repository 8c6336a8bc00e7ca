import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillGaussian } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import { CHUNK_VALUES } from '../../../src/transfer/chunk-plan.ts'
import { Sketch, sketchDistance } from '../../../src/transfer/sketch.ts'

function gaussian (length: number, row: number, deviation = 1): Float32Array {
  const values = new Float32Array(length)
  fillGaussian(values, words(1, 900, row), deviation)
  return values
}

function sketchOf (values: Float32Array, seed: number): Sketch {
  const sketch = new Sketch(seed)
  for (let at = 0; at < values.length; at += CHUNK_VALUES) sketch.add(at / CHUNK_VALUES, values.subarray(at, at + CHUNK_VALUES))
  return sketch
}

const distance = (one: Float32Array, other: Float32Array, seed: number): number => sketchDistance(sketchOf(one, seed).values, sketchOf(other, seed).values, one.length)
const rms = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

describe('a sketch', () => {
  const one = gaussian(20_000, 1)

  it.each([
    ['spread over all values', gaussian(20_000, 2, 0.01)],
    ['the same everywhere', new Float32Array(20_000).fill(0.01)],
    ['in one value', Float32Array.from({ length: 20_000 }, (_, index) => index === 777 ? 5 : 0)],
    ['in one chunk', Float32Array.from({ length: 20_000 }, (_, index) => index < CHUNK_VALUES ? 0.02 : 0)]
  ])('tells a difference to a fifth: %s', (_, difference) => {
    const other = one.map((value, index) => value + (difference[index] as number))
    const truth = rms(other.map((value, index) => value - (one[index] as number)))
    for (let seed = 1; seed <= 20; seed++) expect(Math.abs(distance(one, other, seed) / truth - 1)).toBeLessThan(0.2)
  })

  it('is without bias: the mean of its squares over many seeds is the truth', () => {
    const other = one.map(value => value + 0.01)
    let squares = 0
    for (let seed = 1; seed <= 200; seed++) squares += distance(one, other, seed) ** 2
    // √(2 / 256 / 200) = 0.6 %, and four of them
    expect(Math.abs(squares / 200 / 1e-4 - 1)).toBeLessThan(0.025)
  })

  it('is 0 between equals, and linear', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 9000 }), (seed, length) => {
      const [a, b] = [gaussian(length, 3), gaussian(length, 4)]
      expect(distance(a, a.slice(), seed)).toBe(0)
      const [sum, parts] = [sketchOf(a.map((value, index) => value + (b[index] as number)), seed).values, [sketchOf(a, seed).values, sketchOf(b, seed).values]]
      sum.forEach((value, index) => { expect(value).toBeCloseTo((parts[0]?.[index] as number) + (parts[1]?.[index] as number), 3) })
    }), { numRuns: 20 })
  })
})
