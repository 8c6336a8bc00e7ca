import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalSlope, operatingPoints } from '../../../src/compression/rate-control.ts'
import type { OperatingPoint } from '../../../src/compression/rate-control.ts'
import { waterFilling } from '../../../src/compression/water-filling.ts'
import { gaussian } from './draws.ts'
import { thrownBy } from './thrown-by.ts'

describe('water-filling', () => {
  it('spends the budget and leaves no two tensors with unequal slopes', () => {
    const tensor = fc.record({ size: fc.integer({ min: 1, max: 100_000 }), secondMoment: fc.double({ min: 1e-12, max: 1e6, noNaN: true }), importance: fc.double({ min: 0.01, max: 100, noNaN: true }) })
    fc.assert(fc.property(fc.array(tensor, { minLength: 1, maxLength: 8 }), fc.double({ min: 0.01, max: 12, noNaN: true }), (tensors, bits) => {
      const total = tensors.reduce((sum, { size }) => sum + size, 0)
      const rates = waterFilling(tensors, bits * total)
      expect(rates.reduce((sum, rate, index) => sum + rate * tensors[index]!.size, 0) / total).toBeCloseTo(bits, 6)
      const slopes = tensors.map(({ secondMoment, importance }, index) => secondMoment * importance * 4 ** -rates[index]!)
      const level = Math.max(...slopes)
      rates.forEach((rate, index) => { if (rate > 0) expect(slopes[index]! / level).toBeCloseTo(1, 6) })
    }))
  })

  it('has the textbook answer: a bit more for each factor of four in variance', () => {
    expect(waterFilling([{ size: 100, secondMoment: 16 }, { size: 100, secondMoment: 1 }], 600)).toEqual([expect.closeTo(4, 9), expect.closeTo(2, 9)])
    expect(waterFilling([{ size: 10, secondMoment: 1 }, { size: 10, secondMoment: 1e-9 }], 20)).toEqual([expect.closeTo(2, 9), 0])
    expect(waterFilling([{ size: 10, secondMoment: 0 }], 20)).toEqual([0])
    expect(waterFilling([{ size: 10, secondMoment: 1 }, { size: 10, secondMoment: 1e-9 }], 30, 1)).toEqual([expect.closeTo(2, 9), 1])
    expect(waterFilling([{ size: 10, secondMoment: 1 }, { size: 10, secondMoment: 4 }], 30, 2)).toEqual([2, 2])
  })
})

describe('equal slope', () => {
  const curve = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 50 }), squaredError: fc.double({ min: 0, max: 100, noNaN: true }) }), { minLength: 1, maxLength: 5 })
    .map(points => points.map((point): OperatingPoint => ({ spec: 'fp32', ...point })))
  const totals = (curves: ReadonlyArray<readonly OperatingPoint[]>, chosen: readonly number[]) => ({
    bytes: chosen.reduce((sum, index, tensor) => sum + curves[tensor]![index]!.bytes, 0),
    error: chosen.reduce((sum, index, tensor) => sum + curves[tensor]![index]!.squaredError, 0)
  })

  it('keeps the budget and comes within one tensor’s step of the best of all combinations', () => {
    fc.assert(fc.property(fc.array(curve, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 200 }), (curves, budget) => {
      const combinations = curves.reduce<number[][]>((all, points) => all.flatMap(some => points.map((_, index) => [...some, index])), [[]])
      const affordable = combinations.map(chosen => totals(curves, chosen)).filter(({ bytes }) => bytes <= budget)
      if (affordable.length === 0) {
        expect(thrownBy(() => equalSlope(curves, budget)).code).toBe('USAGE')
        return
      }
      const { bytes, error } = totals(curves, equalSlope(curves, budget))
      const widest = Math.max(...curves.map(points => Math.max(...points.map(point => point.squaredError)) - Math.min(...points.map(point => point.squaredError))))
      expect(bytes).toBeLessThanOrEqual(budget)
      expect(error).toBeLessThanOrEqual(Math.min(...affordable.map(one => one.error)) + widest + 1e-9)
    }))
  })

  it('beats one codec for everything at the same bytes when tensors differ', () => {
    const tensors = [gaussian(8192, 1, 1), gaussian(8192, 2, 0.1), gaussian(8192, 3, 0.01)]
    const specs = [0.5, 1, 2, 3, 4, 5, 6].map(bits => `uniform(${bits}) | rans`)
    const curves = tensors.map(values => operatingPoints(values, specs))
    const same = totals(curves, [3, 3, 3])
    const chosen = equalSlope(curves, same.bytes)
    expect(totals(curves, chosen).bytes).toBeLessThanOrEqual(same.bytes)
    expect(totals(curves, chosen).error).toBeLessThan(0.2 * same.error)
    expect(chosen[0]).toBeGreaterThan(chosen[1]!)
    expect(chosen[1]).toBeGreaterThan(chosen[2]!)
  })
})
