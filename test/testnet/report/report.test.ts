import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allReduceBytes } from '../../../src/averaging/all-reduce-bytes.ts'
import type { HeldOutText } from '../../../src/data/sources.ts'
import { bitsPerCharacter, charactersIn, gzipBitsPerCharacter } from '../../../node/peer/text-figures.ts'
import { lineChartSvg } from '../../../testnet/report/line-chart.ts'
import { estimate, studentT95 } from '../../../testnet/report/statistics.ts'

describe('ring all-reduce', () => {
  it('sends 2(N−1)/N of four bytes a parameter, and nothing alone', () => {
    expect(allReduceBytes(4, 1000, 10)).toBe(2 * 3 / 4 * 4000 * 10)
    expect(allReduceBytes(1, 1000, 10)).toBe(0)
  })
})

describe('bits per character', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  const judged = (value: string): HeldOutText => ({ kind: 'text', ids: text(value), bytes: text(value).length, characters: charactersIn(text(value)) })

  it('is nats per byte over ln 2 where a character is a byte', () => {
    expect(bitsPerCharacter(Math.LN2, judged('plain'))).toBeCloseTo(1, 12)
  })

  it('counts a character of two bytes once', () => {
    expect(bitsPerCharacter(Math.LN2, judged('éé'))).toBeCloseTo(2, 12)
  })

  it('weighs the tokens of a text by how few they are', () => {
    const halves = { ...judged('plainly!'), ids: new Uint16Array(4) }
    expect(bitsPerCharacter(2 * Math.LN2, halves)).toBeCloseTo(bitsPerCharacter(Math.LN2, judged('plainly!')), 12)
  })

  it('of gzip falls as text repeats', () => {
    expect(gzipBitsPerCharacter(text('union '.repeat(1000)))).toBeLessThan(0.2)
  })
})

describe('an estimate over paired seeds', () => {
  it('has the margin of Student’s t', () => {
    const { mean, margin } = estimate([1, 2, 3])
    expect(mean).toBe(2)
    expect(margin).toBeCloseTo(4.303 / Math.sqrt(3), 3)
  })

  it('widens intervals of a dozen values and more by what the normal quantile lacks', () => {
    // Quantiles from tables, for 11, 20 and 60 degrees of freedom.
    for (const [degrees, quantile] of [[11, 2.201], [20, 2.086], [60, 2.0003]] as const) expect(Math.abs(studentT95(degrees) - quantile)).toBeLessThan(0.003)
  })

  it('claims nothing from one value', () => {
    expect(estimate([4]).margin).toBe(Infinity)
  })
})

describe('a line chart', () => {
  it('places every point inside the picture, on linear and logarithmic axes', () => {
    fc.assert(fc.property(
      fc.array(fc.record({ x: fc.double({ min: 1e-3, max: 1e9, noNaN: true }), y: fc.double({ min: -100, max: 100, noNaN: true }) }), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      (points, logarithmicX) => {
        const svg = lineChartSvg({ title: 'a & b', xLabel: 'x', yLabel: 'y', logarithmicX, series: [{ name: '<one>', points }] })
        expect(svg).not.toContain('NaN')
        expect(svg).toContain('&lt;one&gt;')
        const line = /<polyline points="([^"]*)"/.exec(svg)?.[1] ?? ''
        for (const pair of line.split(' ')) {
          const [x, y] = pair.split(',').map(Number)
          expect(x).toBeGreaterThanOrEqual(0)
          expect(x).toBeLessThanOrEqual(760)
          expect(y).toBeGreaterThanOrEqual(0)
          expect(y).toBeLessThanOrEqual(440)
        }
      }
    ))
  })
})
