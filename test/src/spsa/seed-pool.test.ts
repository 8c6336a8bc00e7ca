import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { words } from '../../../src/random/words.ts'
import { Accumulator, accumulatedWeights } from '../../../src/spsa/accumulator.ts'
import { SeedImportance, drawIndex } from '../../../src/spsa/importance.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { SeedPool } from '../../../src/spsa/seed-pool.ts'
import { seedOfPool } from '../../../src/spsa/seeds.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { bell, partitioned, shuffled, uint32 } from './support.ts'

const K = 16
const UNIT = 2 ** -16
const base = heldWeights(bell(500, 6))
const seedOf = (index: number) => seedOfPool('run', index)
const steps = fc.array(fc.record({ index: fc.nat(K - 1), amount: fc.integer({ min: -500, max: 500 }) }), { maxLength: 60 })

describe('a pool of seeds', () => {
  it('is the model: K sums rebuild the weights that applying every step would have made, in any order', () => {
    fc.assert(fc.property(steps, uint32, (given, order) => {
      const pool = new SeedPool(K, rademacher, seedOf)
      for (const part of partitioned(shuffled(given, order), order, 5)) pool.add(part)
      const direct = new Accumulator(new Int32Array(base.size), rademacher)
      direct.add(given.map(({ index, amount }) => ({ seed: seedOf(index), amount })))
      expect(readAll(pool.weights(base, UNIT))).toEqual(readAll(accumulatedWeights(base, direct, UNIT)))
    }), { numRuns: 20 })
  })

  it('refuses, with nothing moved, seeds outside it and what overflows or is no integer', () => {
    const pool = new SeedPool(K, rademacher, seedOf)
    pool.add([{ index: 0, amount: 2 ** 31 - 10 }])
    const before = pool.sums.slice()
    for (const index of [-1, K, 0.5, NaN]) expect(() => { pool.add([{ index: 1, amount: 1 }, { index, amount: 1 }]) }).toThrow(/outside the pool/)
    expect(() => { pool.add([{ index: 1, amount: 0.5 }]) }).toThrow(/whole number/)
    expect(() => { pool.add([{ index: 1, amount: 5 }, { index: 2, amount: 5 }]) }).toThrow(/overflow/)
    expect(pool.sums).toEqual(before)
    expect(() => new SeedPool(65_537, rademacher, seedOf)).toThrow(RangeError)
  })
})

describe('importance', () => {
  it('is softmax(min-max(mean |ĝ|)), with the untried in the middle', () => {
    const importance = new SeedImportance(4)
    for (const [index, scalar] of [[0, 1], [0, -3], [1, 4], [2, 3], [2, NaN], [9, 1]] as const) importance.observe(index, scalar)
    const weights = [0, 1, 0.5, 0.5].map(Math.exp)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    importance.probabilities().forEach((probability, index) => { expect(probability).toBeCloseTo(weights[index]! / total, 12) })
  })

  it('is even where nothing, or nothing different, is known, and caps outliers', () => {
    expect(Array.from(new SeedImportance(4).probabilities())).toEqual([0.25, 0.25, 0.25, 0.25])
    const importance = new SeedImportance(2)
    importance.observe(0, 1e30)
    importance.observe(1, 1000)
    expect(Array.from(importance.probabilities())).toEqual([0.5, 0.5])
  })

  it('draws by it: chi-squared of four cells stays below its 0.9999 quantile', () => {
    const probabilities = Float64Array.of(0.1, 0.2, 0.3, 0.4)
    const source = words(3, 90)
    const counts = [0, 0, 0, 0]
    for (let draw = 0; draw < 20_000; draw++) counts[drawIndex(probabilities, source)]! += 1
    expect(counts.reduce((sum, count, i) => sum + (count - 20_000 * probabilities[i]!) ** 2 / (20_000 * probabilities[i]!), 0)).toBeLessThan(21.1)
    expect(drawIndex(Float64Array.of(0.5, 0.4999), { at: () => 0, next: () => 0xffff_ffff })).toBe(1)
  })
})
