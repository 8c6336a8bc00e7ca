import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillGaussian, fraction, integerBelow, permutation } from '../../../src/random/draw.ts'
import { threefry2x32 } from '../../../src/random/threefry.ts'
import { STREAMS, words } from '../../../src/random/words.ts'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })

describe('threefry2x32', () => {
  // tests/kat_vectors of the Random123 distribution, "threefry2x32 20".
  it.each([
    [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    [[0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]]
  ] as const)('gives the known answer under key %j at counter %j', (key, counter, answer) => {
    expect(threefry2x32(key, counter)).toEqual(answer)
  })
})

describe('words', () => {
  it('reads the same words in any order', () => {
    fc.assert(fc.property(uint32, uint32, uint32, fc.array(fc.nat(1000), { maxLength: 30 }), (seed, stream, row, indexes) => {
      const source = words(seed, stream, row)
      const sequence = Array.from({ length: 1001 }, () => source.next())
      const other = words(seed, stream, row)
      expect(indexes.map(index => other.at(index))).toEqual(indexes.map(index => sequence[index]))
    }), { numRuns: 20 })
  })

  it('differs between seeds, streams and rows', () => {
    const first = new Set([words(1, 1).at(0), words(2, 1).at(0), words(1, 2).at(0), words(1, 1, 1).at(0)])
    expect(first.size).toBe(4)
    expect(new Set(Object.values(STREAMS)).size).toBe(Object.keys(STREAMS).length)
  })
})

describe('integerBelow', () => {
  it('stays below its bound', () => {
    fc.assert(fc.property(uint32, fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
      const drawn = integerBelow(words(seed, 9), bound)
      expect(drawn).toBeGreaterThanOrEqual(0)
      expect(drawn).toBeLessThan(bound)
    }))
  })

  it('draws again when a word lies past the last whole multiple', () => {
    const given = [0xffff_ffff, 7]
    expect(integerBelow({ at: () => 0, next: () => given.shift() ?? 0 }, 3)).toBe(1)
  })

  it('is uniform: chi-squared of 64 cells stays below its 0.9999 quantile', () => {
    const cells = new Array<number>(64).fill(0)
    const source = words(5, 9)
    for (let i = 0; i < 64_000; i++) cells[integerBelow(source, 64)]! += 1
    expect(cells.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(113)
  })

  it.each([0, -1, 1.5, NaN, 2 ** 33])('refuses %d', bound => {
    expect(() => integerBelow(words(1, 1), bound)).toThrow(RangeError)
  })
})

describe('fillGaussian', () => {
  it('has the mean, variance and kurtosis of its closed form', () => {
    const values = new Float32Array(200_000)
    fillGaussian(values, words(3, 9), 2)
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length
    expect(Math.abs(moment(1))).toBeLessThan(0.02)
    expect(moment(2)).toBeCloseTo(4, 1)
    expect(moment(4) / moment(2) ** 2).toBeCloseTo(3 - 0.15, 1)
  })

  it('never changes its bits', () => {
    const values = new Float32Array(4)
    fillGaussian(values, words(1, STREAMS.genesis), 0.02)
    expect([...new Uint32Array(values.buffer)].map(bits => bits.toString(16))).toMatchInlineSnapshot(`
      [
        "3c9e5613",
        "3b230a0e",
        "3c35d9fc",
        "bc376b50",
      ]
    `)
  })
})

describe('permutation and fraction', () => {
  it('holds every index once and repeats for its seed', () => {
    fc.assert(fc.property(uint32, fc.nat(200), (seed, length) => {
      const order = permutation(length, words(seed, 9))
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, index) => index))
      expect(permutation(length, words(seed, 9))).toEqual(order)
    }), { numRuns: 50 })
  })

  it('reaches every order of three about equally often', () => {
    const counts = new Map<string, number>()
    for (let row = 0; row < 6000; row++) {
      const order = permutation(3, words(1, 9, row)).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('draws fractions in [0, 1)', () => {
    fc.assert(fc.property(uint32, seed => {
      const drawn = fraction(words(seed, 9))
      expect(drawn).toBeGreaterThanOrEqual(0)
      expect(drawn).toBeLessThan(1)
    }))
  })
})
