import { beforeAll, describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/data/batch.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { blockValues, streamedLoss } from '../../../src/spsa/streamed-loss.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { use } from '../kernels/support.ts'
import { exampleLoss, lossOf } from '../models/support.ts'

const tokens = { rows: 2, length: 7, inputs: Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 3]), targets: Int32Array.from([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 3, 1]) }
const gpt: ModelSpec = { kind: 'gpt', layers: 2, width: 12, heads: 3, context: 9, vocabulary: 13 }
const texts: ReadonlyArray<readonly [string, ModelSpec]> = [
  ['a GPT', gpt],
  ['a Llama', { kind: 'llama', layers: 2, width: 12, heads: 3, groups: 1, context: 9, vocabulary: 13, hidden: 16, ropeBase: 10_000, tied: true }],
  ['a Llama with a head of its own', { kind: 'llama', layers: 2, width: 12, heads: 3, groups: 3, context: 9, vocabulary: 13, hidden: 16, ropeBase: 10_000, tied: false }]
]

function lively (spec: ModelSpec): Float32Array {
  return genesisWeights(spec, 5).map(weight => weight === 1 ? 1.2 : weight * 12 + 0.01)
}

describe.each(['cpu', 'wasm'] as const)('on %s', backend => {
  beforeAll(async () => { await use(backend) })

  it.each(texts)('%s loses the same whether its matrices are whole, in blocks or row by row', async (_, spec) => {
    const model = createModel(spec)
    const weights = lively(spec)
    const whole = lossOf(model, weights, { tokens: [...tokens.inputs], targets: [...tokens.targets] })
    const before = tf.memory().numTensors
    for (const valuesAtOnce of [1e6, 100, 1]) expect(await streamedLoss(model, heldWeights(weights), tokens, valuesAtOnce)).toBeCloseTo(whole, 5)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('a classifier does, too', async () => {
    const spec: ModelSpec = { kind: 'mlp', inputs: 5, hidden: [7], classes: 3 }
    const [model, weights] = [createModel(spec), lively(spec)]
    const batch: Batch = { rows: 4, length: 5, inputs: Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)), targets: Int32Array.from([0, 1, 2, 1]) }
    expect(await streamedLoss(model, heldWeights(weights), batch, 8)).toBeCloseTo(exampleLoss(model, weights, { inputs: batch.inputs as Float32Array, targets: [0, 1, 2, 1] }), 5)
  })

  it('perturbed weights made on the way are those of a perturbed copy', async () => {
    const model = createModel(gpt)
    const source = perturbed(heldWeights(lively(gpt)), rademacher, [1, 2], 0.05)
    expect(await streamedLoss(model, source, tokens, 50)).toBe(await streamedLoss(model, heldWeights(readAll(source)), tokens, 50))
  })
})

it('holds no more than a tenth of the weights at a time', async () => {
  await use('wasm')
  const spec: ModelSpec = { kind: 'gpt', layers: 4, width: 64, heads: 4, context: 8, vocabulary: 256 }
  const model = createModel(spec)
  const batch = { rows: 1, length: 1, inputs: Int32Array.of(3), targets: Int32Array.of(4) }
  const source = heldWeights(lively(spec))
  const before = tf.memory().numBytes
  const { peakBytes } = await tf.profile(async () => { await streamedLoss(model, source, batch); return [] })
  expect(peakBytes - before + 4 * blockValues(model)).toBeLessThan(0.1 * 4 * model.layout.size)
})
