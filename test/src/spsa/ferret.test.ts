import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocateDirections, coordinatesOf, rebuildBlock, shrinkage } from '../../../src/spsa/ferret.ts'
import type { Block } from '../../../src/spsa/ferret.ts'
import { noiseOf, rademacher } from '../../../src/spsa/noise.ts'
import type { Seed } from '../../../src/spsa/noise.ts'
import { bell } from './support.ts'

function relativeError (delta: Float32Array, block: Block, kind: 'rademacher' | 'gaussian', directions: number, trial: number): { readonly error: number, readonly rebuilt: Float32Array } {
  const noise = noiseOf(kind)
  const seeds = Array.from({ length: directions }, (_, k): Seed => [trial, k])
  const rebuilt = new Float32Array(delta.length)
  rebuildBlock(rebuilt, block, coordinatesOf(delta, block, noise, seeds), noise, seeds)
  let [error, energy] = [0, 0]
  for (let i = block.first; i < block.first + block.size; i++) {
    error += (rebuilt[i]! - delta[i]!) ** 2
    energy += delta[i]! ** 2
  }
  return { error: error / energy, rebuilt }
}

describe.each(['rademacher', 'gaussian'] as const)('coordinates on %s directions', kind => {
  it.each([[48, 16], [24, 60]])('rebuild %i values from %i with the expected error 1 − s', (size, directions) => {
    const trials = 150
    const delta = bell(100, 7)
    let sum = 0
    for (let trial = 0; trial < trials; trial++) sum += relativeError(delta, { first: 30, size }, kind, directions, trial).error
    const expected = 1 - shrinkage(size, directions, noiseOf(kind))
    expect(Math.abs(sum / trials / expected - 1)).toBeLessThan(0.08)
  })

  it('touch nothing outside their block, and blocks have directions of their own', () => {
    const delta = bell(100, 8)
    const { rebuilt } = relativeError(delta, { first: 30, size: 40 }, kind, 8, 1)
    expect(rebuilt.subarray(0, 30).every(value => value === 0)).toBe(true)
    expect(rebuilt.subarray(70).every(value => value === 0)).toBe(true)
    const copy = new Float32Array(100)
    copy.set(delta.subarray(30, 70))
    expect(relativeError(copy, { first: 0, size: 40 }, kind, 8, 1).rebuilt.slice(0, 40)).not.toEqual(rebuilt.slice(30, 70))
  })
})

it('rebuilds a single value exactly from signs', () => {
  expect(relativeError(Float32Array.of(0.7), { first: 0, size: 1 }, 'rademacher', 1, 1).rebuilt).toEqual(Float32Array.of(0.7))
})

describe('allocateDirections', () => {
  const blocks = [{ first: 0, size: 20 }, { first: 20, size: 50 }, { first: 70, size: 5 }]
  const expectedError = (energies: readonly number[], counts: readonly number[]): number =>
    counts.reduce((sum, count, i) => sum + energies[i]! * (1 - shrinkage(blocks[i]!.size, count, rademacher)), 0)

  it('is as good as the best of all allocations, but for the rounding', () => {
    fc.assert(fc.property(fc.tuple(...blocks.map(() => fc.double({ min: 0.01, max: 100, noNaN: true }))), fc.integer({ min: 3, max: 60 }), (energies, budget) => {
      const counts = allocateDirections(blocks, energies, budget, rademacher)
      const total = counts.reduce((sum, count) => sum + count, 0)
      expect(total).toBeLessThanOrEqual(budget)
      expect(total).toBeGreaterThan(budget - 3)
      let best = Infinity
      for (let one = 0; one <= total; one++) for (let two = 0; one + two <= total; two++) best = Math.min(best, expectedError(energies, [one, two, total - one - two]))
      expect(expectedError(energies, counts)).toBeLessThan(best + 0.12 * energies.reduce((sum, energy) => sum + energy, 0))
    }), { numRuns: 40 })
  })

  it('gives nothing to blocks that did not move', () => {
    expect(allocateDirections(blocks, [0, 0, 0], 10, rademacher)).toEqual([0, 0, 0])
    expect(allocateDirections(blocks, [1, 0, 0], 10, rademacher)).toEqual([10, 0, 0])
  })
})
