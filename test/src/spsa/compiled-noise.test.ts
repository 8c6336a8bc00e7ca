import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compiledGaussian, compiledRademacher } from '../../../src/spsa/compiled-noise.ts'
import { plainGaussian, plainRademacher } from '../../../src/spsa/plain-noise.ts'
import { addScaled, plainAddScaled } from '../../../src/spsa/scaled-sum.ts'
import { anySeed, bell } from './support.ts'

const firsts = fc.oneof(fc.nat(300), fc.nat(2 ** 32 - 20_000))
const lengths = fc.oneof(fc.nat(300), fc.integer({ min: 4000, max: 9000 }))
const steps = fc.double({ min: -1e3, max: 1e3, noNaN: true }).map(Math.fround)
const amounts = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 })

describe.each([
  ['signs', compiledRademacher, plainRademacher],
  ['bell-shaped integers', compiledGaussian, plainGaussian]
])('compiled %s', (_, compiled, plain) => {
  it('are the plain ones at any index, and leave what lies beside alone', () => {
    fc.assert(fc.property(anySeed, firsts, lengths, (seed, first, length) => {
      const [one, other] = [new Int8Array(length + 2).fill(99), new Int8Array(length + 2).fill(99)]
      compiled.fill(one.subarray(1, length + 1), seed, first)
      plain.fill(other.subarray(1, length + 1), seed, first)
      expect(one).toEqual(other)
    }), { numRuns: 40 })
  })

  it('perturb to the same bits', () => {
    fc.assert(fc.property(anySeed, firsts, lengths, steps, (seed, first, length, step) => {
      const [one, other] = [bell(length, 1), bell(length, 1)]
      compiled.perturb(one, seed, first, step)
      plain.perturb(other, seed, first, step)
      expect(one).toEqual(other)
    }), { numRuns: 40 })
  })

  it('accumulate any number of directions to the same sums, past 32 bits too', () => {
    fc.assert(fc.property(fc.array(fc.record({ seed: anySeed, amount: amounts }), { maxLength: 70 }), firsts, fc.nat(5000), (contributions, first, length) => {
      const [one, other] = [Int32Array.from({ length }, (_, i) => i * 1_000_003), Int32Array.from({ length }, (_, i) => i * 1_000_003)]
      compiled.accumulate(one, contributions, first)
      plain.accumulate(other, contributions, first)
      expect(one).toEqual(other)
    }), { numRuns: 15 })
  })
})

it('adds scaled integers in double precision with one rounding, as JavaScript does', () => {
  fc.assert(fc.property(lengths, fc.integer({ min: -40, max: 0 }), amounts, (length, exponent, factor) => {
    const integers = Int32Array.from({ length }, (_, i) => Math.imul(i, factor))
    const [one, other] = [bell(length, 1), bell(length, 1)]
    addScaled(one, integers, 2 ** exponent)
    plainAddScaled(other, integers, 2 ** exponent)
    expect(one).toEqual(other)
  }), { numRuns: 40 })
})
