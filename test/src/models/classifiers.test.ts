import { beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import { featuresOf } from '../../../src/manifest/model-kind.ts'
import type { CnnSpec, MlpSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { modelLayout, parameterCount } from '../../../src/models/model-layout.ts'
import { createModel } from '../../../src/models/model.ts'
import { layoutHash, viewOf } from '../../../src/parameters/layout.ts'
import { distance, gaussian, use } from '../kernels/support.ts'
import { exampleGradient, exampleLogits, exampleLoss } from './support.ts'

const mlp: MlpSpec = { kind: 'mlp', inputs: 7, hidden: [5, 6], classes: 4 }
const cnn: CnnSpec = { kind: 'cnn', height: 4, width: 8, channels: 2, filters: [3, 4, 5], classes: 4 }
const targets = [1, 3, 0]

type Lookup = (name: string) => Float32Array

function lookupIn (spec: MlpSpec | CnnSpec, weights: Float32Array): Lookup {
  const { slots } = modelLayout(spec)
  return name => viewOf(weights, slots.find(slot => slot.name === name)!)
}

/** Weights large enough for every part of the model to matter. */
function livelyWeights (spec: MlpSpec | CnnSpec): Float32Array {
  const weights = genesisWeights(spec, 5)
  const value = lookupIn(spec, weights)
  for (const { name } of modelLayout(spec).slots) value(name).forEach((entry, index, all) => { all[index] = name === 'head.weight' ? entry * 20 : entry === 0 ? 0.1 * (index % 3) : entry })
  return weights
}

const geluOf = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

function affine (x: readonly number[], value: Lookup, name: string): number[] {
  return [...value(`${name}.bias`)].map((bias, column, all) => x.reduce((sum, entry, row) => sum + entry * value(`${name}.weight`)[row * all.length + column]!, bias))
}

function normed (x: readonly number[], gain: Float32Array, bias: Float32Array): number[] {
  const mean = x.reduce((a, b) => a + b, 0) / x.length
  const variance = x.reduce((sum, entry) => sum + (entry - mean) ** 2, 0) / x.length
  return x.map((entry, index) => (entry - mean) / Math.sqrt(variance + 1e-5) * gain[index]! + bias[index]!)
}

function mlpDefinition (spec: MlpSpec, weights: Float32Array, example: readonly number[]): number[] {
  const value = lookupIn(spec, weights)
  const last = spec.hidden.reduce<readonly number[]>((x, _, layer) => affine(x, value, `layer.${layer}`).map(geluOf), example)
  return affine(last, value, 'head')
}

function cnnDefinition (spec: CnnSpec, weights: Float32Array, example: readonly number[]): number[] {
  const value = lookupIn(spec, weights)
  let [height, width] = [spec.height, spec.width]
  let pixels = Array.from({ length: height * width }, (_, pixel) => example.slice(pixel * spec.channels, (pixel + 1) * spec.channels))
  spec.filters.forEach((_, stage) => {
    const [rows, columns, image] = [height, width, pixels]
    const nothing = image[0]!.map(() => 0)
    const at = (y: number, x: number): number[] => y < 0 || y >= rows || x < 0 || x >= columns ? nothing : image[y * columns + x]!
    const around = (y: number, x: number): number[] => [-1, 0, 1].flatMap(dy => [-1, 0, 1].flatMap(dx => at(y + dy, x + dx)))
    const own = `layer.${stage}`
    pixels = image.map((__, pixel) => normed(
      affine(around(Math.floor(pixel / columns), pixel % columns), value, `${own}.filters`), value(`${own}.norm.gain`), value(`${own}.norm.bias`)
    ).map(geluOf))
    if (stage + 1 === spec.filters.length) return
    const full = pixels
    ;[height, width] = [rows / 2, columns / 2]
    pixels = Array.from({ length: height * width }, (__, pixel) => {
      const [y, x] = [2 * Math.floor(pixel / (columns / 2)), 2 * (pixel % (columns / 2))]
      return full[0]!.map((___, channel) => [0, 1].flatMap(dy => [0, 1].map(dx => full[(y + dy) * columns + x + dx]![channel]!)).reduce((a, b) => a + b, 0) / 4)
    })
  })
  return affine(pixels[0]!.map((_, channel) => pixels.reduce((sum, pixel) => sum + pixel[channel]!, 0) / pixels.length), value, 'head')
}

const cases = [
  { spec: mlp, define: (weights: Float32Array, example: number[]) => mlpDefinition(mlp, weights, example) },
  { spec: cnn, define: (weights: Float32Array, example: number[]) => cnnDefinition(cnn, weights, example) }
]

describe.each(cases)('$spec.kind', ({ spec, define }) => {
  const model = createModel(spec)
  const features = featuresOf(spec)
  const { values } = gaussian([targets.length, features], 3)
  const rows = { inputs: values, targets }

  describe.each(['wasm', 'cpu'] as const)('on %s', backend => {
    beforeAll(async () => { await use(backend) })

    it('computes its definition', () => {
      const weights = livelyWeights(spec)
      const expected = targets.flatMap((_, row) => define(weights, [...values.subarray(row * features, (row + 1) * features)]))
      expect(distance(exampleLogits(model, weights, rows), expected)).toBeLessThan(1e-5)
    })

    it('knows nothing at genesis: its loss is about ln(classes)', () => {
      expect(exampleLoss(model, genesisWeights(spec, 1), rows)).toBeCloseTo(Math.log(4), 1)
    })

    it('leaves no tensor behind', () => {
      const before = tf.memory().numTensors
      exampleGradient(model, livelyWeights(spec), rows)
      expect(tf.memory().numTensors).toBe(before)
    })
  })

  it('has the same gradient on both backends', async () => {
    await use('wasm')
    const found = exampleGradient(model, livelyWeights(spec), rows)
    await use('cpu')
    const expected = exampleGradient(model, livelyWeights(spec), rows)
    expect(found.loss).toBeCloseTo(expected.loss, 5)
    expect(distance(found.gradient, expected.gradient)).toBeLessThan(1e-5)
  })

  it('has a gradient that agrees with finite differences, weight by weight', async () => {
    await use('cpu')
    const weights = livelyWeights(spec)
    const { gradient } = exampleGradient(model, weights, rows)
    const h = 1e-2
    const differences = gradient.map((_, index) => {
      const [above, below] = [h, -h].map(by => exampleLoss(model, weights.map((weight, other) => other === index ? weight + by : weight), rows)) as [number, number]
      return (above - below) / (2 * h)
    })
    expect(distance(gradient, differences)).toBeLessThan(5e-3)
  })
})

describe('the layout and genesis of a classifier', () => {
  it.each(['mlp-tiny', 'cnn-tiny'])('%s never change: replicas of two versions must fit', name => {
    const spec = MODEL_SIZES[name]!
    const bits = new Uint32Array(genesisWeights(spec, 42).buffer)
    const hash = bits.reduce((sum, word) => Math.imul(sum ^ word, 0x01000193) >>> 0, 0x811c9dc5).toString(16)
    expect({ layout: layoutHash(modelLayout(spec)).slice(0, 16), hash, size: parameterCount(spec) }).toMatchSnapshot()
  })
})
