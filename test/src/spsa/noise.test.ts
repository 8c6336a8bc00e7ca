import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threefry2x32 } from '../../../src/random/threefry.ts'
import { gaussian, noiseOf, rademacher } from '../../../src/spsa/noise.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { anySeed, bell, meanOf } from './support.ts'

function moment (values: Int8Array, unit: number, power: number): number {
  return meanOf(Array.from(values, value => (value / unit) ** power))
}

describe('rademacher', () => {
  it('spells the bits of Random123\'s known answer for key and counter 0: 6b200159 99ba4efe', () => {
    const signs = new Int8Array(64)
    rademacher.fill(signs, [0, 0], 0)
    const expected = [0x6b200159, 0x99ba4efe].flatMap(word => Array.from({ length: 32 }, (_, bit) => word / 2 ** bit & 1 ? 1 : -1))
    expect(Array.from(signs)).toEqual(expected)
  })

  it('has mean 0 and variance 1, and no correlation between neighbours, blocks or seeds', () => {
    const [one, other] = [new Int8Array(1 << 16), new Int8Array(1 << 16)]
    rademacher.fill(one, [1, 2], 0)
    rademacher.fill(other, [2, 1], 0)
    const sigma = 1 / 256
    expect(Math.abs(moment(one, 1, 1))).toBeLessThan(4 * sigma)
    for (const lag of [1, 32, 64]) expect(Math.abs(meanOf(Array.from(one.subarray(lag), (value, i) => value * one[i]!)))).toBeLessThan(4 * sigma)
    expect(Math.abs(meanOf(Array.from(one, (value, i) => value * other[i]!)))).toBeLessThan(4 * sigma)
  })
})

describe('gaussian', () => {
  it('is the number of set bits of its block, centred', () => {
    const values = new Int8Array(50)
    gaussian.fill(values, [7, 8], 1000)
    const expected = Array.from(values, (_, i) => {
      const bits = threefry2x32([7, 8], [1000 + i, 1]).map(word => word.toString(2).replaceAll('0', '').length)
      return bits[0]! + bits[1]! - 32
    })
    expect(Array.from(values)).toEqual(expected)
  })

  it('has the moments of a centred binomial of 64: variance 1, excess kurtosis −2/64', () => {
    const values = new Int8Array(100_000)
    gaussian.fill(values, [3, 4], 0)
    expect(Math.abs(moment(values, 4, 1))).toBeLessThan(0.013)
    expect(moment(values, 4, 2)).toBeCloseTo(1, 1.7)
    expect(Math.abs(moment(values, 4, 4) - 3 + 2 / 64)).toBeLessThan(0.13)
  })
})

describe.each(['rademacher', 'gaussian'] as const)('%s noise', kind => {
  const noise = noiseOf(kind)

  it('regenerates any part alone', () => {
    fc.assert(fc.property(anySeed, fc.nat(300), fc.nat(200), (seed, first, length) => {
      const whole = new Int8Array(600)
      noise.fill(whole, seed, 0)
      const part = new Int8Array(length)
      noise.fill(part, seed, first)
      expect(part).toEqual(whole.slice(first, first + length))
      expect(whole.every(integer => Math.abs(integer) <= noise.largestInteger)).toBe(true)
    }), { numRuns: 50 })
  })

  it('perturbs from an untouched base, the same bits in any chunks and from any index', () => {
    const base = bell(10_000, 1)
    const source = perturbed(heldWeights(base), noise, [5, 6], 1e-3)
    const whole = readAll(source)
    const integers = new Int8Array(base.length)
    noise.fill(integers, [5, 6], 0)
    const expected = base.map((value, i) => Math.fround(value + Math.fround(Math.fround(1e-3) / noise.integersPerUnit * integers[i]!)))
    expect(whole).toEqual(expected)
    const part = new Float32Array(5000)
    source.read(3333, part)
    expect(part).toEqual(whole.subarray(3333, 8333))
    expect(base).toEqual(bell(10_000, 1))
  })
})

it('needs the untouched base: +ε, −2ε, +ε in place does not come back', () => {
  const base = bell(4096, 2)
  let drifted: Float32Array = base.slice()
  for (const epsilon of [1e-3, -2e-3, 1e-3]) drifted = readAll(perturbed(heldWeights(drifted), rademacher, [1, 1], epsilon))
  expect(drifted).not.toEqual(base)
})
