import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockNoise, sparseNoise } from '../../../src/spsa/masked-noise.ts'
import { noiseOf } from '../../../src/spsa/noise.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { anySeed, bell } from './support.ts'

describe.each(['rademacher', 'gaussian'] as const)('masked %s noise', kind => {
  const noise = noiseOf(kind)

  it('moves one seeded part of the weights for every direction, and regenerates any part alone', () => {
    fc.assert(fc.property(anySeed, anySeed, fc.nat(300), fc.nat(200), (mask, seed, first, length) => {
      const sparse = sparseNoise(noise, mask, 2)
      const [whole, other, full, part] = [new Int8Array(600), new Int8Array(600), new Int8Array(600), new Int8Array(length)]
      sparse.fill(whole, seed, 0)
      sparse.fill(other, [seed[0] ^ 1, seed[1]], 0)
      noise.fill(full, seed, 0)
      sparse.fill(part, seed, first)
      expect(part).toEqual(whole.slice(first, first + length))
      // A kept value may be zero by itself only in a bell curve.
      whole.forEach((value, i) => { expect(value === 0 || value === full[i]).toBe(true) })
      if (kind === 'rademacher') whole.forEach((value, i) => { expect(value === 0).toBe(other[i] === 0) })
    }), { numRuns: 30 })
  })

  it.each([0, 1, 4])('keeps a share of 2^−%d', halvings => {
    const values = new Int8Array(1 << 16)
    sparseNoise(noiseOf('rademacher'), [5, 6], halvings).fill(values, [1, 2], 0)
    const share = 2 ** -halvings
    expect(Math.abs(values.filter(value => value !== 0).length / values.length - share)).toBeLessThanOrEqual(4 * Math.sqrt(share * (1 - share) / values.length))
  })

  it('perturbs and accumulates as its integers say', () => {
    const sparse = sparseNoise(noise, [7, 8], 1)
    const integers = new Int8Array(5000)
    sparse.fill(integers, [1, 2], 9)
    const sums = new Int32Array(5000)
    sparse.accumulate(sums, [{ seed: [1, 2], amount: 3 }], 9)
    sums.forEach((sum, i) => { expect(sum).toBe(-3 * integers[i]! + 0) })
    const base = bell(5000, 1)
    expect(readAll(perturbed(heldWeights(base), blockNoise(noise, [{ first: 100, size: 50 }]), [1, 2], 1)).filter((value, i) => value !== base[i]).length).toBeLessThanOrEqual(50)
  })

  it('of blocks is that of the whole there, and nothing elsewhere', () => {
    const [part, whole] = [new Int8Array(300), new Int8Array(300)]
    blockNoise(noise, [{ first: 10, size: 20 }, { first: 250, size: 500 }]).fill(part, [3, 4], 5)
    noise.fill(whole, [3, 4], 5)
    part.forEach((value, at) => { const index = at + 5; expect(value).toBe(index >= 10 && index < 30 || index >= 250 ? whole[at] : 0) })
  })
})

it('refuses masks that leave nothing', () => {
  for (const halvings of [-1, 17, 0.5]) expect(() => sparseNoise(noiseOf('rademacher'), [1, 2], halvings)).toThrow(RangeError)
})
