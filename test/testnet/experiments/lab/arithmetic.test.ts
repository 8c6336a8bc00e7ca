import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToLoss } from '../../../../testnet/experiments/lab/bytes-to-loss.ts'
import { both, differenceVerdict, excessOf, isAtMost, ratioOf, shownFraction } from '../../../../testnet/experiments/lab/comparison.ts'
import { fitPowerLaw, predict } from '../../../../testnet/experiments/lab/power-law.ts'

describe('bytes to a loss', () => {
  const curve = [{ bytes: 10, loss: 4 }, { bytes: 20, loss: 3 }, { bytes: 40, loss: 2 }, { bytes: 50, loss: 2.5 }]

  it('lie on the line between the points around the first crossing', () => {
    expect(bytesToLoss(curve, 3.5)).toBe(15)
    expect(bytesToLoss(curve, 2.25)).toBe(35)
    expect(bytesToLoss(curve, 3)).toBe(20)
  })

  it('are those of the first point where the target is reached there, and none where it never is', () => {
    expect(bytesToLoss(curve, 5)).toBe(10)
    expect(bytesToLoss(curve, 1.9)).toBeUndefined()
    expect(bytesToLoss([], 1)).toBeUndefined()
  })

  it('do not lean on a point that diverged', () => {
    expect(bytesToLoss([{ bytes: 1, loss: Infinity }, { bytes: 7, loss: 2 }], 3)).toBe(7)
  })

  it('never fall as the target falls', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 1, max: 5, noNaN: true }), { minLength: 1, maxLength: 12 }), fc.double({ min: 1, max: 5, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (losses, target, less) => {
      const points = losses.map((loss, place) => ({ bytes: place + 1, loss }))
      expect(bytesToLoss(points, target - less) ?? Infinity).toBeGreaterThanOrEqual((bytesToLoss(points, target) ?? Infinity) - 1e-9)
    }))
  })
})

describe('comparisons over paired seeds', () => {
  it('give ratios by their geometric mean, with an interval on the logarithms', () => {
    const { mean, low, high } = ratioOf([1, 4])
    expect(mean).toBeCloseTo(2)
    // Half of ln 4 is the standard error of two, and 12.706 the quantile of one degree of freedom.
    expect(high / mean).toBeCloseTo(4 ** (12.706 / 2), 0)
    expect(mean / low).toBeCloseTo(high / mean, 6)
    expect(ratioOf([0.5])).toMatchObject({ mean: 0.5, low: 0, high: Infinity })
  })

  it('give an excess as a share of the other of the same seed', () => {
    expect(excessOf([2.02, 3.03], [2, 3])).toMatchObject({ count: 2, mean: expect.closeTo(0.01, 9) as number, margin: expect.closeTo(0, 9) as number })
  })

  it('say no more than the interval allows', () => {
    expect(isAtMost({ mean: 0.5, margin: 0.4, count: 3 }, 1)).toBe('holds')
    expect(isAtMost({ mean: 0.5, margin: 0.6, count: 3 }, 1)).toBe('cannot be told with these seeds')
    expect(isAtMost({ mean: 1.7, margin: 0.6, count: 3 }, 1)).toBe('does not hold')
    expect(isAtMost({ mean: 0.5, margin: Infinity, count: 1 }, 1)).toBe('cannot be told with these seeds')
    expect(isAtMost({ mean: Infinity, margin: NaN, count: 3 }, 1)).toBe('does not hold')
    expect(both('holds', 'cannot be told with these seeds')).toBe('cannot be told with these seeds')
    expect(both('cannot be told with these seeds', 'does not hold')).toBe('does not hold')
    expect([-1, 0.2, 1].map(mean => differenceVerdict({ mean, margin: 0.5, count: 3 }))).toEqual(['lower', 'not told apart', 'higher'])
    expect(differenceVerdict({ mean: -1, margin: Infinity, count: 1 })).toBe('not told apart')
  })

  it('write small shares as fractions', () => {
    expect(shownFraction({ mean: 1 / 1000, low: 1 / 1250, high: 1 / 800, count: 3 })).toBe('1/1,000 (1/1,250 to 1/800)')
    expect(shownFraction({ mean: 0.9, low: 0, high: Infinity, count: 1 })).toBe('0.90')
  })
})

describe('a power law', () => {
  it('is found again in points that lie on it', () => {
    const points = [1, 2, 4].flatMap(n => [1, 3].flatMap(m => [5, 25].map(h => ({ x: [n * 1000, m, h], y: 7 * (n * 1000) ** -0.1 * m ** 0.05 * h ** 0.02 }))))
    const law = fitPowerLaw(points)
    expect(law.factor).toBeCloseTo(7, 6)
    expect(law.exponents).toEqual([-0.1, 0.05, 0.02].map(value => expect.closeTo(value, 8) as number))
    expect(law.explained).toBeCloseTo(1, 9)
    for (const margin of law.margins) expect(margin).toBeCloseTo(0, 6)
    for (const { x, y } of points) expect(predict(law, x)).toBeCloseTo(y, 6)
  })

  it('of one variable is the line of least squares', () => {
    const [xs, ys] = [[1, 2, 3, 5], [2, 3, 7, 4]]
    const [logX, logY] = [xs.map(Math.log), ys.map(Math.log)]
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const slope = mean(logX.map((x, at) => (x - mean(logX)) * ((logY[at] ?? 0) - mean(logY)))) / mean(logX.map(x => (x - mean(logX)) ** 2))
    const law = fitPowerLaw(xs.map((x, at) => ({ x: [x], y: ys[at] ?? 0 })))
    expect(law.exponents[0]).toBeCloseTo(slope, 9)
    expect(law.factor).toBeCloseTo(Math.exp(mean(logY) - slope * mean(logX)), 9)
    // The standard error of a slope is s / √Σ(x − x̄)², with two degrees of freedom here; 4.303 is their quantile.
    const left = logX.map((x, at) => (logY[at] ?? 0) - mean(logY) - slope * (x - mean(logX)))
    const deviation = Math.sqrt(left.reduce((sum, value) => sum + value ** 2, 0) / 2)
    expect(law.residual).toBeCloseTo(deviation, 9)
    expect(law.margins[0]).toBeCloseTo(4.303 * deviation / Math.sqrt(logX.reduce((sum, x) => sum + (x - mean(logX)) ** 2, 0)), 6)
  })

  it('is refused where the points do not tell it', () => {
    expect(() => fitPowerLaw([{ x: [1], y: 1 }])).toThrow(RangeError)
    expect(() => fitPowerLaw([1, 2, 3, 4].map(n => ({ x: [n, n * n], y: n })))).toThrow(/apart from one another/)
    expect(() => fitPowerLaw([])).toThrow(RangeError)
  })
})
