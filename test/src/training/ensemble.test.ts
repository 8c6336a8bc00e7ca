import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import type { TextSpec } from '../../../src/manifest/schema.ts'
import { createDecoder } from '../../../src/models/decoding.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { createEnsembleDecoder, evaluateEnsemble, Mixture } from '../../../src/training/ensemble.ts'
import type { EnsembleRule } from '../../../src/training/ensemble.ts'
import { evaluate, evaluationWindows } from '../../../src/training/evaluation.ts'
import { sampleText, writeText } from '../../../src/training/text-sampling.ts'
import { use } from '../kernels/support.ts'
import { upload } from '../models/support.ts'

const spec: TextSpec = { kind: 'gpt', layers: 1, width: 8, heads: 2, context: 8, vocabulary: 256 }
const model = createModel(spec)
const text = Int32Array.from({ length: 45 }, (_, index) => 97 + index * 7 % 13)
const equal: EnsembleRule = { shares: [0.5, 0.5], posterior: false }

let experts: Tensor[][] = []
let before: number
beforeAll(async () => {
  await use('wasm')
  before = tf.memory().numTensors
  experts = [5, 6].map(seed => upload(model, genesisWeights(spec, seed).map(weight => weight * 8)))
})
afterAll(() => {
  tf.dispose(experts)
  expect(tf.memory().numTensors).toBe(before)
})

describe('a mixture', () => {
  it('averages probabilities, not logits', () => {
    const mixture = new Mixture({ shares: [0.25, 0.75], posterior: false })
    expect([...mixture.mix([Float32Array.of(50, 0), Float32Array.of(1, 1)])]).toEqual([expect.closeTo(0.625, 9), expect.closeTo(0.375, 9)])
    mixture.saw(0)
    expect(mixture.shares).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)])
  })

  it('leans by Bayes’ rule towards the expert that foresaw better, until it begins anew', () => {
    const mixture = new Mixture({ shares: [0.5, 0.5], posterior: true })
    mixture.mix([Float32Array.of(Math.log(3), 0), Float32Array.of(0, Math.log(3))])
    mixture.saw(0)
    expect(mixture.shares).toEqual([expect.closeTo(0.75, 6), expect.closeTo(0.25, 6)])
    expect(mixture.mix([Float32Array.of(Math.log(3), 0), Float32Array.of(0, Math.log(3))])[0]).toBeCloseTo(0.75 * 0.75 + 0.25 * 0.25, 6)
    mixture.saw(0)
    expect(mixture.shares[0]).toBeCloseTo(0.9, 6)
    mixture.restart()
    expect(mixture.shares).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)])
  })

  it('outlives targets that no expert thinks possible', () => {
    const mixture = new Mixture({ shares: [1, 0], posterior: true })
    for (let row = 0; row < 500; row++) {
      mixture.mix([Float32Array.of(5000, 0), Float32Array.of(4000, 0)])
      mixture.saw(1)
    }
    expect(mixture.shares).toEqual([1, 0])
  })
})

describe('the evaluation of an ensemble', () => {
  it('is each expert’s own where one counts for all', async () => {
    const alone = await Promise.all(experts.map(async parameters => await evaluate(model, parameters, evaluationWindows(text, 8))))
    const judged = await evaluateEnsemble(model, experts, evaluationWindows(text, 8), { shares: [1, 0], posterior: false })
    judged.experts.forEach((expert, index) => {
      expect(expert.loss).toBeCloseTo(alone[index]!.loss, 4)
      expect(expert).toMatchObject({ accuracy: alone[index]!.accuracy, tokens: 44 })
    })
    expect(judged.ensemble).toEqual(judged.experts[0])
    expect(judged.shares).toEqual([1, 0])
  })

  it('is the brute-force mixture of their probabilities, and never worse than their mean loss', async () => {
    const batches = [...evaluationWindows(text, 8)]
    let nats = 0
    for (const { rows, length, inputs, targets } of batches) {
      const probabilities = experts.map(parameters => tf.tidy(() => tf.softmax(model.logits(parameters, tf.tensor2d(inputs, [rows, length], 'int32'))).dataSync()))
      targets.forEach((target, at) => { nats -= Math.log(0.5 * probabilities[0]![at * 256 + target]! + 0.5 * probabilities[1]![at * 256 + target]!) })
    }
    const judged = await evaluateEnsemble(model, experts, batches, equal)
    expect(judged.ensemble.loss).toBeCloseTo(nats / 44, 4)
    expect(judged.ensemble.loss).toBeLessThanOrEqual((judged.experts[0]!.loss + judged.experts[1]!.loss) / 2)
  })

  it('by the posterior is the product of Bayes’ predictions: the evidence of each window', async () => {
    const batches = [...evaluationWindows(text, 8)]
    let nats = 0
    for (const { rows, length, inputs, targets } of batches) {
      const logs = experts.map(parameters => tf.tidy(() => tf.logSoftmax(model.logits(parameters, tf.tensor2d(inputs, [rows, length], 'int32'))).dataSync()))
      for (let row = 0; row < rows; row++) {
        const [one, other] = logs.map(values => targets.slice(row * length, (row + 1) * length).reduce((sum, target, index) => sum + values[(row * length + index) * 256 + target]!, 0))
        nats -= Math.max(one!, other!) + Math.log(0.5 * (1 + Math.exp(-Math.abs(one! - other!))))
      }
    }
    const judged = await evaluateEnsemble(model, experts, batches, { ...equal, posterior: true })
    expect(judged.ensemble.loss).toBeCloseTo(nats / 44, 4)
    expect(judged.shares[0]! + judged.shares[1]!).toBeCloseTo(1, 9)
  })

  it('ends where it is asked to, and refuses nothing', async () => {
    await expect(evaluateEnsemble(model, experts, evaluationWindows(text, 8), equal, () => true)).rejects.toThrow('was stopped')
    await expect(evaluateEnsemble(model, experts, [], equal)).rejects.toThrow(RangeError)
  })
})

describe('text of an ensemble', () => {
  const request = { prompt: 'the sea ', tokens: 20, temperature: 1, topK: 0, seed: 3 }
  const written = async (parameters: Tensor[][], rule: EnsembleRule): Promise<string> =>
    await writeText(model, createEnsembleDecoder(parameters.map(each => createDecoder(model, each)), rule), request)

  it('of one expert twice is the expert’s, posterior or not, across a full context', async () => {
    const alone = await sampleText(model, experts[0]!, request)
    for (const posterior of [false, true]) expect(await written([experts[0]!, experts[0]!], { shares: [0.5, 0.5], posterior })).toBe(alone)
  })

  it('is another’s where experts differ, the same each time', async () => {
    const both = await written(experts, equal)
    expect(await written(experts, equal)).toBe(both)
    expect(await written(experts, { shares: [0, 1], posterior: false })).toBe(await sampleText(model, experts[1]!, request))
  })

  it('knows the posterior of the tokens that it has read', async () => {
    const decoder = createEnsembleDecoder(experts.map(each => createDecoder(model, each)), { ...equal, posterior: true })
    const singles = experts.map(each => createDecoder(model, each))
    const tokens = [97, 104, 98]
    const logs = [0, 0]
    let rows: Float32Array[] = experts.map(() => new Float32Array())
    for (const [index, token] of tokens.entries()) {
      rows.forEach((row, expert) => { if (index > 0) logs[expert]! += logSoftmax(row)[token]! })
      rows = await Promise.all(singles.map(async single => await single.read([token])))
    }
    const [weight] = [1 / (1 + Math.exp(logs[1]! - logs[0]!))]
    const expected = logSoftmax(rows[0]!).map((log, index) => Math.log(weight * Math.exp(log) + (1 - weight) * Math.exp(logSoftmax(rows[1]!)[index]!)))
    const given = await decoder.read(tokens)
    expect(decoder.length).toBe(3)
    given.forEach((value, index) => { expect(value).toBeCloseTo(expected[index]!, 4) })
    for (const each of [decoder, ...singles]) each.clear()
    expect(decoder.length).toBe(0)
  })
})

function logSoftmax (logits: Float32Array): number[] {
  const largest = Math.max(...logits)
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
  return Array.from(logits, logit => logit - largest - Math.log(total))
}
