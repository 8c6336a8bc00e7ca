import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from '../../../src/spsa/accumulator.ts'
import type { Contribution } from '../../../src/spsa/accumulator.ts'
import { gaussian, noiseOf, rademacher } from '../../../src/spsa/noise.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { anySeed, bell, partitioned, shuffled, uint32 } from './support.ts'

const contributions = fc.array(fc.record({ seed: anySeed, amount: fc.integer({ min: -1000, max: 1000 }) }), { minLength: 1, maxLength: 24 })

describe('fixedPoint', () => {
  it('finds the finest power of two that cannot overflow', () => {
    fc.assert(fc.property(fc.double({ min: 1e-12, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom(rademacher, gaussian), (step, count, noise) => {
      const { unit, largestAmount } = fixedPoint(step, count, noise)
      expect(Number.isInteger(Math.log2(unit))).toBe(true)
      expect(largestAmount * count * noise.largestInteger).toBeLessThan(2 ** 31)
      expect(step / (unit / 2) * count * noise.largestInteger).toBeGreaterThan(2 ** 31 - 1 - count * noise.largestInteger)
      expect(amountOf(step, { unit, largestAmount })).toBeLessThanOrEqual(largestAmount)
      expect(amountOf(-step, { unit, largestAmount })).toBe(-amountOf(step, { unit, largestAmount }))
    }))
  })

  it('refuses steps and counts that have no unit', () => {
    expect(() => fixedPoint(0, 10, rademacher)).toThrow(RangeError)
    expect(() => fixedPoint(NaN, 10, rademacher)).toThrow(RangeError)
    expect(() => fixedPoint(1, 2 ** 31, rademacher)).toThrow(/snapshots/)
    expect(() => fixedPoint(1, 2 ** 27, gaussian)).toThrow(/snapshots/)
  })
})

describe.each(['rademacher', 'gaussian'] as const)('an accumulator of %s directions', kind => {
  const noise = noiseOf(kind)
  const base = heldWeights(bell(5000, 3))
  const weights = (parts: ReadonlyArray<readonly Contribution[]>): Float32Array => {
    const accumulator = new Accumulator(new Int32Array(base.size), noise)
    for (const part of parts) accumulator.add(part)
    return readAll(accumulatedWeights(base, accumulator, 2 ** -20))
  }

  it('has the same bits in every order and every partition', () => {
    fc.assert(fc.property(contributions, uint32, (set, order) => {
      expect(weights(partitioned(shuffled(set, order), order, 7))).toEqual(weights([set]))
    }), { numRuns: 12 })
  })

  it('takes back exactly what it was given', () => {
    fc.assert(fc.property(contributions, contributions, (kept, taken) => {
      const accumulator = new Accumulator(new Int32Array(300), noise)
      accumulator.add([...kept, ...taken])
      accumulator.exchange(taken)
      const alone = new Accumulator(new Int32Array(300), noise)
      alone.add(kept)
      expect(accumulator.integers).toEqual(alone.integers)
      expect(accumulator.held).toBe(alone.held)
    }), { numRuns: 20 })
  })

  it('moves shards as it moves the whole', () => {
    const set = [{ seed: [1, 2], amount: 5 }, { seed: [3, 4], amount: -9 }] as const
    const whole = new Accumulator(new Int32Array(9000), noise)
    whole.add(set)
    const shard = new Accumulator(new Int32Array(4500), noise, 777)
    shard.add(set)
    expect(shard.integers).toEqual(whole.integers.slice(777, 777 + 4500))
  })

  it('is θ₀ − Σ u n z', () => {
    const set = [{ seed: [1, 2], amount: 5 }, { seed: [3, 4], amount: -9 }] as const
    const expected = Float64Array.from(readAll(base))
    for (const { seed, amount } of set) {
      const z = new Int8Array(base.size)
      noise.fill(z, seed, 0)
      for (let i = 0; i < expected.length; i++) expected[i]! -= 2 ** -20 * amount * z[i]! / noise.integersPerUnit
    }
    expect(weights([set])).toEqual(Float32Array.from(expected))
  })

  it('refuses, with nothing moved, what could overflow or is no integer', () => {
    const accumulator = new Accumulator(new Int32Array(10), noise)
    const most = Math.floor((2 ** 31 - 1) / noise.largestInteger)
    accumulator.add([{ seed: [1, 1], amount: most }])
    const before = accumulator.integers.slice()
    expect(() => { accumulator.add([{ seed: [1, 2], amount: -1 }]) }).toThrow(/snapshot/)
    expect(() => { accumulator.add([{ seed: [1, 2], amount: 0.5 }]) }).toThrow(/whole number/)
    expect(() => { accumulator.exchange([{ seed: [1, 2], amount: NaN }]) }).toThrow(/whole number/)
    expect(accumulator.integers).toEqual(before)
    accumulator.exchange([{ seed: [1, 1], amount: most }])
    expect(() => { accumulator.exchange([{ seed: [1, 1], amount: 1 }]) }).toThrow(/taken back/)
    expect(accumulator.integers.every(integer => integer === 0)).toBe(true)
  })
})
