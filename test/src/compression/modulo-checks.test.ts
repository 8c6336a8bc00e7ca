import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DigitReader, DigitWriter } from '../../../src/compression/digits.ts'
import { blockCheck, repairBlock } from '../../../src/compression/modulo-checks.ts'

describe('digits', () => {
  const digits = fc.array(fc.integer({ min: 1, max: 2 ** 24 }).chain(radix => fc.tuple(fc.nat(radix - 1), fc.constant(radix))), { maxLength: 300 })

  it('come back, whatever their radices', () => {
    fc.assert(fc.property(fc.oneof(digits, fc.array(fc.tuple(fc.nat(4), fc.constant(5)), { maxLength: 500 })), list => {
      const writer = new DigitWriter(list.length)
      for (const [digit, radix] of list) writer.write(digit, radix)
      const reader = new DigitReader(writer.bytes())
      for (const [digit, radix] of list) expect(reader.read(radix)).toBe(digit)
      expect(reader.isWhole).toBe(true)
    }))
  })

  it.each([2, 3, 5, 10, 20, 37, 100, 1000])('cost log₂ %d bits', radix => {
    const writer = new DigitWriter(10_000)
    for (let index = 0; index < 10_000; index++) writer.write(Math.imul(index, 40_503) % radix & 0x7fffffff, radix)
    expect(8 * writer.bytes().length / 10_000 / Math.log2(radix)).toBeLessThan(1.012)
  })

  it('end nowhere else', () => {
    const writer = new DigitWriter(100)
    for (let index = 0; index < 100; index++) writer.write(index % 7, 7)
    const bytes = writer.bytes()
    for (const damaged of [bytes.subarray(0, -2), Uint8Array.from([...bytes, 0, 0]), bytes.subarray(0, 3)]) {
      const reader = new DigitReader(damaged)
      for (let index = 0; index < 100; index++) expect(reader.read(7)).toBeLessThan(7)
      expect(reader.isWhole).toBe(false)
    }
  })
})

describe('checks of blocks', () => {
  const block = fc.record({ indices: fc.array(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), { minLength: 3, maxLength: 200 }), modulus: fc.integer({ min: 1, max: 2 ** 24 }), seed: fc.nat() })

  it('are what a plain sum says', () => {
    fc.assert(fc.property(block, ({ indices }) => {
      const expected = indices.reduce((sum, index, at) => (sum + BigInt(index) * 17n ** BigInt(at)) % 65_521n, 0n)
      expect(blockCheck(Int32Array.from(indices), 0, indices.length)).toBe(Number((expected + 65_521n) % 65_521n))
    }), { numRuns: 30 })
  })

  it('find every one or two values that are a modulus off, and put them right where their lean gives them away', () => {
    fc.assert(fc.property(block, fc.constantFrom(1, 2), ({ indices, modulus, seed }, wrong) => {
      const right = Int32Array.from(indices)
      const check = blockCheck(right, 0, right.length)
      const given = right.slice()
      const leans = Float64Array.from(indices, (_, at) => ((at * 7 + seed) % 11 / 11 - 0.5) * 0.8 * modulus)
      for (let rank = 0; rank < wrong; rank++) {
        const at = (seed + rank) % right.length
        const up = (seed + rank) % 2 === 0
        given[at] = right[at]! - (up ? modulus : -modulus)
        leans[at] = (up ? 0.49 : -0.49) * modulus
      }
      expect(blockCheck(given, 0, given.length)).not.toBe(check)
      expect(repairBlock(given, 0, leans, modulus, check)).toBe(true)
      expect(blockCheck(given, 0, given.length)).toBe(check)
      if (wrong === 1) expect(given).toEqual(right)
    }))
  })

  it('leave alone what they cannot explain', () => {
    const indices = Int32Array.from({ length: 64 }, (_, at) => at)
    const check = blockCheck(indices, 0, 64)
    const given = indices.map((index, at) => at % 9 === 0 ? index + 32 : index)
    const before = given.slice()
    expect(repairBlock(given, 0, new Float64Array(64).fill(-1), 32, check)).toBe(false)
    expect(given).toEqual(before)
  })
})
