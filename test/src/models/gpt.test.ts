import { beforeAll, describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { layoutHash, viewOf } from '../../../src/parameters/layout.ts'
import { distance, use } from '../kernels/support.ts'
import { gradientOf, logitsOf, lossOf } from './support.ts'

const tiny: ModelSpec = { kind: 'gpt', layers: 2, width: 12, heads: 3, context: 9, vocabulary: 13 }
const small: ModelSpec = { kind: 'gpt', layers: 4, width: 64, heads: 4, context: 64, vocabulary: 256 }
const model = createModel(tiny)
const tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 3]
const targets = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 3, 1]

/** Weights large enough for every part of the model to matter. */
function livelyWeights (): Float32Array {
  return genesisWeights(tiny, 5).map(weight => weight === 1 ? 1.2 : weight * 12 + 0.01)
}

const rows = { tokens, targets }

describe('the layout', () => {
  it('has 12·width² + 13·width parameters a layer, the two embeddings and the last norm', () => {
    const { layers, width, context, vocabulary } = small
    expect(modelLayout(small).size).toBe(layers * (12 * width ** 2 + 13 * width) + (vocabulary + context + 2) * width)
  })

  it('never changes for a given model: replicas of two versions must fit', () => {
    expect(layoutHash(modelLayout(small))).toMatchInlineSnapshot(`"12f194673f2cdb068bb4df188f8d134f471ca6343002200860fabdc4b61b96a7"`)
  })
})

describe('genesis', () => {
  it('never changes its bits', () => {
    const weights = genesisWeights(small, 42)
    const bits = new Uint32Array(weights.buffer)
    expect(bits.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193) >>> 0, 0x811c9dc5).toString(16)).toMatchInlineSnapshot(`"3046ac90"`)
  })

  it('starts gains at 1, biases at 0, weights at GPT-2\'s deviations', () => {
    const weights = genesisWeights(small, 3)
    const deviation = (name: string): number => {
      const values = viewOf(weights, modelLayout(small).slots.find(slot => slot.name === name)!)
      return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)
    }
    expect(deviation('layer.0.mlp.norm.gain')).toBe(1)
    expect(deviation('layer.0.mlp.in.bias')).toBe(0)
    expect(deviation('embedding.token')).toBeCloseTo(0.02, 3)
    expect(deviation('layer.1.mlp.out.weight')).toBeCloseTo(0.02 / Math.sqrt(8), 3)
  })

  it('differs between seeds', () => {
    expect(genesisWeights(tiny, 1)).not.toEqual(genesisWeights(tiny, 2))
  })
})

describe.each(['wasm', 'cpu'] as const)('a GPT on %s', backend => {
  beforeAll(async () => { await use(backend) })

  it('knows nothing at genesis: its loss is about ln(vocabulary)', () => {
    expect(lossOf(model, genesisWeights(tiny, 1), rows)).toBeCloseTo(Math.log(13), 1)
  })

  it('does not see the future', () => {
    const weights = livelyWeights()
    const [before, after] = [logitsOf(model, weights, [1, 2, 3, 4, 5]), logitsOf(model, weights, [1, 2, 3, 9, 0])]
    expect(before.slice(0, 3 * 13)).toEqual(after.slice(0, 3 * 13))
    expect(before.slice(3 * 13)).not.toEqual(after.slice(3 * 13))
  })

  it('sees the whole past', () => {
    const weights = livelyWeights()
    expect(logitsOf(model, weights, [1, 2, 3]).slice(2 * 13)).not.toEqual(logitsOf(model, weights, [7, 2, 3]).slice(2 * 13))
  })
})

describe('its gradient', () => {
  it('is the same on both backends', async () => {
    await use('wasm')
    const found = gradientOf(model, livelyWeights(), rows)
    await use('cpu')
    const expected = gradientOf(model, livelyWeights(), rows)
    expect(found.loss).toBeCloseTo(expected.loss, 5)
    expect(distance(found.gradient, expected.gradient)).toBeLessThan(1e-5)
  })

  it('agrees with finite differences along random directions', async () => {
    await use('wasm')
    const weights = livelyWeights()
    const { gradient } = gradientOf(model, weights, rows)
    for (let seed = 1; seed <= 5; seed++) {
      const direction = genesisWeights(tiny, seed).map((value, index) => value === 0 || value === 1 ? (index % 3 - 1) / 50 : value)
      const h = 0.05
      const moved = (distance: number): Float32Array => weights.map((value, index) => value + distance * direction[index]!)
      const slope = (lossOf(model, moved(h), rows) - lossOf(model, moved(-h), rows)) / (2 * h)
      expect(slope).toBeCloseTo(gradient.reduce((sum, g, index) => sum + g * direction[index]!, 0), 2)
    }
  })
})
