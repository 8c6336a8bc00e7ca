import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { manifestSchema } from '../../../src/manifest/schema.ts'
import type { RunManifest } from '../../../src/manifest/schema.ts'
import { passVariance, passesAfter } from '../../../src/training/norm-test.ts'
import type { PassNorms } from '../../../src/training/norm-test.ts'
import { gaussian } from '../compression/draws.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import { use } from '../kernels/support.ts'
import { inner, replicaOn, sampler, spec, train } from './support.ts'

/** Gradients of ½‖x‖² at x, each with Gaussian noise of its own. */
function quadraticPasses (distance: number, noise: number, dimensions: number, passes: number, seed: number): PassNorms {
  const rows = Array.from({ length: passes }, (_, pass) => [...gaussian(dimensions, 1000 * seed + pass + 1)].map(value => distance + noise * value))
  const mean = rows[0]!.map((_, at) => rows.reduce((sum, row) => sum + row[at]!, 0) / passes)
  const squares = (row: readonly number[]): number => row.reduce((sum, value) => sum + value * value, 0)
  return { squaredNorms: rows.map(squares), meanSquaredNorm: squares(mean) }
}

describe('the norm test', () => {
  it('finds the variance of a noise that is known', () => {
    const estimates = Array.from({ length: 40 }, (_, seed) => passVariance(quadraticPasses(0.3, 2, 500, 4, seed)))
    // σ²d = 2000; forty estimates from three degrees of freedom in each of 500 directions: 2000 ± 0.6 % at one deviation
    expect(estimates.reduce((sum, value) => sum + value, 0) / 40 / 2000).toBeCloseTo(1, 1)
    expect(passVariance({ squaredNorms: [1, 1, 1], meanSquaredNorm: 1 })).toBe(0)
    expect(passVariance({ squaredNorms: [1], meanSquaredNorm: 1 })).toBeNaN()
  })

  it('asks for σ²d / (η²‖g‖²) passes: four times as many at half the distance, up to the most', () => {
    const growth = { tolerance: 0.5, mostPasses: 100_000 }
    for (const [distance, expected] of [[1, 4 / 0.25], [0.5, 16 / 0.25]] as const) {
      // with 200 passes the noise left in the mean is 2 % of what is measured at distance 1, 8 % at ½
      const wanted = passesAfter(quadraticPasses(distance, 2, 2000, 8, 7), growth)
      const measured = 2000 * (distance ** 2 + 4 / 8)
      expect(wanted / (4 * 2000 / (0.25 * measured))).toBeCloseTo(1, 1)
      expect(expected).toBeGreaterThan(wanted)
    }
    expect(passesAfter(quadraticPasses(0.01, 2, 2000, 8, 7), { tolerance: 0.05, mostPasses: 32 })).toBe(32)
  })

  it('never shrinks a batch, and leaves one alone that is good enough, or one pass, which tells nothing', () => {
    expect(passesAfter(quadraticPasses(5, 0.1, 100, 4, 3), { tolerance: 0.5, mostPasses: 64 })).toBe(4)
    expect(passesAfter(quadraticPasses(0, 2, 100, 8, 3), { tolerance: 0.5, mostPasses: 4 })).toBe(8)
    expect(passesAfter({ squaredNorms: [1], meanSquaredNorm: 1 }, { tolerance: 0.01, mostPasses: 64 })).toBe(1)
    expect(passesAfter({ squaredNorms: [0, 0], meanSquaredNorm: 0 }, { tolerance: 0.5, mostPasses: 64 })).toBe(2)
  })
})

describe('a batch that grows', () => {
  const changes = { accumulate: 2, batchGrowth: { tolerance: 0.3, mostPasses: 6 } }

  it('does so in steps of whole passes, counts its tokens, and resumes to the same bits', async () => {
    const kernels = await use('wasm')
    const whole = replicaOn(kernels, undefined, changes)
    const events = await train(whole, 14)
    const tokens = events.map(event => event.kind === 'step' ? event.tokens : NaN)
    expect(tokens[0]).toBe(2 * inner.batch * spec.context)
    for (const [index, count] of tokens.entries()) if (index > 0) expect(count).toBeGreaterThanOrEqual(tokens[index - 1]!)
    expect(tokens.at(-1)).toBeGreaterThan(tokens[0]!)
    expect(Math.max(...tokens)).toBeLessThanOrEqual(6 * inner.batch * spec.context)
    expect(whole.growth!.tokens).toBe(tokens.reduce((sum, count) => sum + count, 0))

    const half = replicaOn(kernels, undefined, changes)
    await train(half, 5)
    const stored = structuredClone(await half.readState())
    expect(stored.growth).toEqual(half.growth)
    const restored = replicaOn(kernels, stored, changes)
    await train(restored, 14)
    expect(await restored.readState()).toEqual(await whole.readState())
    for (const replica of [whole, half, restored]) replica.dispose()
  })

  it('begins with the same rows as a smaller one', () => {
    const sample = sampler()
    expect([...sample(3, 6).inputs.subarray(0, 2 * spec.context)]).toEqual([...sample(3).inputs])
  })

  it('needs two passes to begin with, and weights or deltas to share', () => {
    const issues = (changed: object, method: RunManifest['method'] = exampleManifest().method): string[] =>
      (manifestSchema.safeParse({ ...exampleManifest(), method, inner: { ...exampleManifest().inner, ...changed } }).error?.issues ?? []).map(({ message }) => message)
    expect(issues(changes)).toEqual([])
    expect(issues({ batchGrowth: changes.batchGrowth })).toEqual([expect.stringContaining('two passes')])
    expect(issues({ ...changes, accumulate: 8 })).toEqual([expect.stringContaining('mostPasses no fewer')])
    expect(issues(changes, methodPreset('ddp'))).toEqual([expect.stringContaining('one batch for all')])
  })
})
