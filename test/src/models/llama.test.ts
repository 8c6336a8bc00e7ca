import { beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import type { LlamaSpec } from '../../../src/manifest/schema.ts'
import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { rotaryAngles } from '../../../src/models/llama.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { createModel } from '../../../src/models/model.ts'
import { layoutHash, viewOf } from '../../../src/parameters/layout.ts'
import { distance, use } from '../kernels/support.ts'
import { gradientOf, logitsOf, lossOf } from './support.ts'

const base: LlamaSpec = {
  kind: 'llama', layers: 2, width: 24, heads: 4, groups: 2, hidden: 19, context: 9, vocabulary: 13, ropeBase: 100, tied: false
}
const rows = { tokens: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 3], targets: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 3, 1] }

/** Weights large enough for every part of the model to matter. */
function livelyWeights (spec: LlamaSpec): Float32Array {
  return genesisWeights(spec, 5).map(weight => weight === 1 ? 1.2 : weight * 12 + 0.01)
}

/** The model's definition in double precision, one token at a time, with nothing fused. */
function definition (spec: LlamaSpec, weights: Float32Array, tokens: readonly number[]): number[] {
  const { width, heads, groups, hidden, vocabulary } = spec
  const headWidth = width / heads
  const layout = modelLayout(spec)
  const value = (name: string): Float32Array => viewOf(weights, layout.slots.find(slot => slot.name === name)!)
  const times = (x: number[], matrix: Float32Array, columns: number): number[] =>
    Array.from({ length: columns }, (_, column) => x.reduce((sum, entry, row) => sum + entry * matrix[row * columns + column]!, 0))
  const norm = (x: number[], gain: Float32Array): number[] => {
    const scale = 1 / Math.sqrt(x.reduce((sum, entry) => sum + entry * entry, 0) / width + 1e-5)
    return x.map((entry, index) => entry * scale * gain[index]!)
  }
  const turned = (x: number[], position: number): number[] => x.map((entry, index) => {
    const half = headWidth / 2
    const angle = position * spec.ropeBase ** (-2 * (index % half) / headWidth)
    return entry * Math.cos(angle) + (index < half ? -x[index + half]! : x[index - half]!) * Math.sin(angle)
  })
  const part = (x: number[], index: number): number[] => x.slice(index * headWidth, (index + 1) * headWidth)
  let streams = tokens.map(token => [...value('embedding.token').subarray(token * width, (token + 1) * width)])
  for (let layer = 0; layer < spec.layers; layer++) {
    const own = (name: string): Float32Array => value(`layer.${layer}.${name}`)
    const packed = streams.map(stream => times(norm(stream, own('attention.norm.gain')), own('attention.qkv.weight'), (heads + 2 * groups) * headWidth))
    streams = streams.map((stream, i) => {
      const results = Array.from({ length: heads }, (_, head) => {
        const group = Math.floor(head / (heads / groups))
        const query = turned(part(packed[i]!, head), i)
        const powers = packed.slice(0, i + 1).map((row, j) => Math.exp(
          turned(part(row, heads + group), j).reduce((sum, entry, index) => sum + entry * query[index]!, 0) / Math.sqrt(headWidth)
        ))
        const total = powers.reduce((a, b) => a + b, 0)
        return Array.from({ length: headWidth }, (_, index) => powers.reduce((sum, power, j) => sum + power / total * part(packed[j]!, heads + groups + group)[index]!, 0))
      })
      return times(results.flat(), own('attention.out.weight'), width).map((entry, index) => entry + stream[index]!)
    })
    streams = streams.map(stream => {
      const inner = times(norm(stream, own('mlp.norm.gain')), own('mlp.in.weight'), 2 * hidden)
      const gated = inner.slice(0, hidden).map((gate, index) => gate / (1 + Math.exp(-gate)) * inner[hidden + index]!)
      return times(gated, own('mlp.out.weight'), width).map((entry, index) => entry + stream[index]!)
    })
  }
  const head = value(spec.tied ? 'embedding.token' : 'head.weight')
  return streams.flatMap(stream => {
    const last = norm(stream, value('norm.gain'))
    return Array.from({ length: vocabulary }, (_, token) => last.reduce((sum, entry, index) => sum + entry * head[token * width + index]!, 0))
  })
}

describe('the layout and genesis of llama-tiny', () => {
  const spec = MODEL_SIZES['llama-tiny']!
  it('never change: replicas of two versions must fit', () => {
    const bits = new Uint32Array(genesisWeights(spec, 42).buffer)
    const hash = bits.reduce((sum, word) => Math.imul(sum ^ word, 0x01000193) >>> 0, 0x811c9dc5).toString(16)
    expect({ layout: layoutHash(modelLayout(spec)), hash, size: bits.length }).toMatchInlineSnapshot(`
      {
        "hash": "75cce848",
        "layout": "497fc4f5883d4ce5481b7efc830b88d487f14f238aa1493c7944557dccfe51fe",
        "size": 201280,
      }
    `)
  })
})

describe('rotary angles', () => {
  it('turn position p of pair i by p over a power of the base', () => {
    const angles = rotaryAngles(base)
    const [half, headWidth] = [3, 6]
    expect([...angles.subarray(0, headWidth)]).toEqual([1, 1, 1, 0, 0, 0])
    expect(angles[5 * headWidth + 2]).toBeCloseTo(Math.cos(5 * 100 ** (-4 / 6)), 6)
    expect(angles[5 * headWidth + half + 2]).toBeCloseTo(Math.sin(5 * 100 ** (-4 / 6)), 6)
  })
})

describe.each(['wasm', 'cpu'] as const)('a Llama on %s', backend => {
  beforeAll(async () => { await use(backend) })

  it.each<[string, Partial<LlamaSpec>]>([
    ['keys shared by two', {}], ['one key for all', { groups: 1 }], ['a key each', { groups: 4 }], ['a tied head', { tied: true }]
  ])('computes its definition, with %s', (_, changes) => {
    const spec = { ...base, ...changes }
    const weights = livelyWeights(spec)
    const tokens = [1, 2, 3, 9, 0, 12, 1]
    expect(distance(logitsOf(createModel(spec), weights, tokens), definition(spec, weights, tokens))).toBeLessThan(1e-5)
  })

  it('refuses more tokens than its context', () => {
    expect(() => logitsOf(createModel(base), livelyWeights(base), new Array<number>(10).fill(1))).toThrow(RangeError)
  })

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors
    gradientOf(createModel(base), livelyWeights(base), rows)
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe.each([{ tied: true }, { tied: false }])('its gradient, tied $tied', changes => {
  const spec = { ...base, ...changes }
  const model = createModel(spec)

  it('is the same on both backends', async () => {
    await use('wasm')
    const found = gradientOf(model, livelyWeights(spec), rows)
    await use('cpu')
    const expected = gradientOf(model, livelyWeights(spec), rows)
    expect(found.loss).toBeCloseTo(expected.loss, 5)
    expect(distance(found.gradient, expected.gradient)).toBeLessThan(1e-5)
  })

  it('agrees with finite differences along random directions', async () => {
    await use('wasm')
    const weights = livelyWeights(spec)
    const { gradient } = gradientOf(model, weights, rows)
    for (let seed = 1; seed <= 5; seed++) {
      const direction = genesisWeights(spec, seed).map((value, index) => value === 1 ? (index % 3 - 1) / 50 : value)
      const h = 0.05
      const moved = (distance: number): Float32Array => weights.map((value, index) => value + distance * direction[index]!)
      const slope = (lossOf(model, moved(h), rows) - lossOf(model, moved(-h), rows)) / (2 * h)
      expect(slope).toBeCloseTo(gradient.reduce((sum, g, index) => sum + g * direction[index]!, 0), 2)
    }
  })
})
