import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LARGEST_LEVEL, scalarCodec } from '../../../src/spsa/scalar-codec.ts'

const PRECISION = 160n

/** exp(numerator / denominator), rounded once from 160-bit fixed point. */
function exactExponential (numerator: number, denominator: number): number {
  let term = 1n << PRECISION
  let sum = 0n
  for (let power = 1n; term > 0n; power++) {
    sum += term
    term = term * BigInt(numerator) / (BigInt(denominator) * power)
  }
  return Number(sum) / 2 ** Number(PRECISION)
}

const scalar = fc.double({ noNaN: true, min: 1e-9, max: 1e9 })

describe('scalarCodec', () => {
  const codec = scalarCodec(1)

  it('decodes by correctly rounded powers of exp(1/8), spanning 6.9 million to 1', () => {
    for (let level = 1; level <= LARGEST_LEVEL; level++) expect(codec.decode(level)).toBe(exactExponential(level - 1, 8))
    expect(codec.decode(LARGEST_LEVEL)).toBeCloseTo(6_920_509.83, 1)
  })

  it('changes level where the logarithm is half-way', () => {
    for (let level = 1; level < LARGEST_LEVEL; level++) {
      const edge = exactExponential(2 * level - 1, 16)
      expect(codec.encode(edge * (1 - 1e-14))).toBe(level)
      expect(codec.encode(edge * (1 + 1e-14))).toBe(level + 1)
    }
  })

  it('keeps the sign, is monotone, and within 6.5 % in its range', () => {
    fc.assert(fc.property(scalar, scalar, (one, other) => {
      expect(codec.encode(-one)).toBe(-codec.encode(one))
      expect(codec.encode(Math.min(one, other))).toBeLessThanOrEqual(codec.encode(Math.max(one, other)))
      if (one >= 1 && one <= 6.9e6) expect(Math.abs(codec.decode(codec.encode(one)) / one - 1)).toBeLessThan(0.065)
    }))
  })

  it('is the formula q = sign · clamp(1 + round(8 ln(|ĝ|/g₀)), 1, 127)', () => {
    const run = scalarCodec(3.6e-4)
    fc.assert(fc.property(scalar, value => {
      const exact = 8 * Math.log(value / 3.6e-4)
      fc.pre(Math.abs(exact - Math.floor(exact) - 0.5) > 1e-9)
      expect(run.encode(value)).toBe(Math.min(127, Math.max(1, 1 + Math.round(exact))))
    }))
  })

  it('gives its own levels back, and 0 for zero and for what is no number', () => {
    for (let level = -LARGEST_LEVEL; level <= LARGEST_LEVEL; level++) expect(codec.encode(codec.decode(level))).toBe(level)
    for (const value of [0, -0, NaN, Infinity, -Infinity]) expect(Object.is(codec.encode(value), 0)).toBe(true)
  })

  it.each([128, -128, 1.5, NaN])('refuses the level %d', level => {
    expect(() => codec.decode(level)).toThrow(RangeError)
  })

  it.each([0, -1, NaN, Infinity])('refuses the smallest magnitude %d', smallest => {
    expect(() => scalarCodec(smallest)).toThrow(RangeError)
  })
})
