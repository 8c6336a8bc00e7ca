import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/data/batch.ts'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { evaluate, evaluationExamples, evaluationWindows, perplexityOf } from '../../../src/training/evaluation.ts'
import { evaluationLimits } from '../../../src/training/evaluation-limits.ts'
import type { EvaluationLimits } from '../../../src/training/evaluation-limits.ts'
import type { GptSpec } from '../../../src/manifest/schema.ts'
import { sampleText } from '../../../src/training/text-sampling.ts'
import { chooseToken } from '../../../src/training/token-choice.ts'
import { gaussian, use } from '../kernels/support.ts'
import { upload } from '../models/support.ts'
import { replicaOn, spec, text, train } from './support.ts'

let kernels: TensorKernels
beforeAll(async () => { kernels = await use('wasm') })

describe('evaluate', () => {
  it('is the mean over every token of its own negative log-likelihood, window by window', async () => {
    const replica = replicaOn(kernels)
    await train(replica, 5)
    for (const length of [2, 8, 9, 10, 61]) {
      const part = text.subarray(0, length)
      const found = await replica.withParameters(undefined, async parameters => await evaluate(replica.model, parameters, evaluationWindows(part, spec.context)))
      let [nats, hits] = [0, 0]
      for (let i = 1; i < length; i++) {
        const windowStart = Math.floor((i - 1) / spec.context) * spec.context
        const seen = [...part.subarray(windowStart, i)]
        const logits = await replica.withParameters(undefined, parameters => Promise.resolve(tf.tidy(() =>
          [...replica.model.logits(parameters, tf.tensor2d(seen, [1, seen.length], 'int32')).dataSync()].slice(-256))))
        nats += Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[part[i]!]!
        if (logits.indexOf(Math.max(...logits)) === part[i]) hits++
      }
      expect(found.tokens).toBe(length - 1)
      expect(found.loss).toBeCloseTo(nats / (length - 1), 5)
      expect(found.accuracy).toBeCloseTo(hits / (length - 1), 10)
      expect(perplexityOf(found)).toBeCloseTo(Math.exp(found.loss), 10)
    }
    replica.dispose()
  })

  it('judges other weights without touching those in training', async () => {
    const replica = replicaOn(kernels)
    const genesis = (await replica.readState()).weights
    await train(replica, 30)
    const before = [tf.memory().numTensors, await replica.readState()]
    const lossOf = async (weights?: Float32Array): Promise<number> =>
      (await replica.withParameters(weights, async parameters => await evaluate(replica.model, parameters, evaluationWindows(text, spec.context)))).loss
    expect(await lossOf(genesis)).toBeGreaterThan(await lossOf())
    expect([tf.memory().numTensors, await replica.readState()]).toEqual(before)
    await expect(lossOf(genesis.subarray(1))).rejects.toThrow(RangeError)
    replica.dispose()
  })

  it('refuses a text with nothing to judge', async () => {
    const replica = replicaOn(kernels)
    await expect(evaluate(replica.model, [], evaluationWindows(text.subarray(0, 1), spec.context))).rejects.toThrow(RangeError)
    replica.dispose()
  })
})

describe('the limits of an evaluation', () => {
  const small: GptSpec = { kind: 'gpt', layers: 4, width: 128, heads: 4, context: 64, vocabulary: 256 }
  const gpt2: GptSpec = { kind: 'gpt', layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50_257 }
  const batchesOf = (length: number, { context, ...limits }: EvaluationLimits & { context: number }): Batch[] =>
    [...evaluationWindows(Int32Array.from({ length }, (_, index) => index), context, limits)]

  it('let a small model judge all of a text, in the calls of old', () => {
    const limits = evaluationLimits(small)
    expect(limits.tokens).toBeGreaterThan(65_536)
    expect(limits.tokensPerCall).toBe(2048)
    expect(batchesOf(65_536, { ...limits, context: 64 })).toEqual([...evaluationWindows(Int32Array.from({ length: 65_536 }, (_, index) => index), 64)])
  })

  it('let GPT-2 small judge two windows spread over the text, one in a call', () => {
    const batches = batchesOf(16_001, { ...evaluationLimits(gpt2), context: 1024 })
    expect(batches.map(({ rows, length, inputs, targets }) => [rows, length, inputs[0], inputs.length, targets[0], targets.at(-1)])).toEqual([
      [1, 1024, 0, 1024, 1, 1024], [1, 1024, 7 * 1024, 1024, 7 * 1024 + 1, 8 * 1024]
    ])
    expect(evaluationLimits({ ...gpt2, layers: 96, width: 16_384, heads: 128 }).tokens).toBeGreaterThanOrEqual(1)
  })

  it('never judge a token twice nor more than allowed, and all of a text that fits', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 100 }), (length, context, tokens, tokensPerCall) => {
      const batches = batchesOf(length, { context, tokens, tokensPerCall })
      const targets = batches.flatMap(batch => [...batch.targets])
      expect(new Set(targets).size).toBe(targets.length)
      expect(targets.length).toBeGreaterThan(0)
      expect(targets.length).toBeLessThanOrEqual(Math.min(tokens, length - 1))
      if (length - 1 <= tokens) expect(targets).toEqual(Array.from({ length: length - 1 }, (_, index) => index + 1))
      for (const batch of batches) {
        expect([...batch.targets]).toEqual([...batch.inputs].map(input => input + 1))
        expect(batch.rows === 1 || batch.rows * batch.length <= tokensPerCall).toBe(true)
      }
    }))
  })

  it('end between two calls when that is asked', async () => {
    const replica = replicaOn(kernels)
    const before = tf.memory().numTensors
    let calls = 0
    await expect(replica.withParameters(undefined, async parameters =>
      await evaluate(replica.model, parameters, evaluationWindows(text, spec.context, { tokens: Infinity, tokensPerCall: 8 }), () => calls++ === 2))).rejects.toThrow('stopped')
    expect(calls).toBe(3)
    expect(tf.memory().numTensors).toBe(before)
    replica.dispose()
  })
})

describe('evaluate, of a classifier', () => {
  it('counts each example once, however they are cut into calls', async () => {
    const classifier = createModel({ kind: 'mlp', inputs: 3, hidden: [4], classes: 2 })
    const parameters = upload(classifier, genesisWeights(classifier.spec, 2))
    const before = tf.memory().numTensors
    const count = 600
    const inputs = gaussian([count, 3], 5).values
    const likeliest = tf.tidy(() => [...tf.argMax(classifier.logits(parameters, tf.tensor2d(inputs, [count, 3])), 1).dataSync()])
    const targets = Int32Array.from(likeliest, (label, index) => index % 4 === 0 ? 1 - label : label)
    const found = await evaluate(classifier, parameters, evaluationExamples({ inputs, targets, length: 3 }))
    const single = await evaluate(classifier, parameters, [{ rows: count, length: 3, inputs, targets }])
    expect(found).toMatchObject({ tokens: count, accuracy: 0.75 })
    expect(found.loss).toBeCloseTo(single.loss, 5)
    expect(tf.memory().numTensors).toBe(before)
    tf.dispose(parameters)
  })
})

describe('chooseToken', () => {
  const logits = Float32Array.of(Math.log(1), Math.log(4), Math.log(3), Math.log(2))

  it('inverts the distribution, likeliest first', () => {
    const drawn = [0, 0.39, 0.41, 0.69, 0.71, 0.89, 0.91, 0.999]
    expect(drawn.map(value => chooseToken(logits, { temperature: 1, topK: 0 }, value))).toEqual([1, 1, 2, 2, 3, 3, 0, 0])
  })

  it('keeps to the k likeliest, and at temperature 0 to the one', () => {
    expect([0, 0.5, 0.6, 0.99].map(value => chooseToken(logits, { temperature: 1, topK: 2 }, value))).toEqual([1, 1, 2, 2])
    expect(chooseToken(logits, { temperature: 0, topK: 0 }, 0.99)).toBe(1)
    expect(chooseToken(Float32Array.of(5, 5), { temperature: 0, topK: 0 }, 0.99)).toBe(0)
  })
})

describe('sampleText', () => {
  const request = { prompt: 'the ', tokens: 20, temperature: 0.8, topK: 40, seed: 3 }

  it('writes as many bytes as asked, the same for the same seed, and recites what it learnt', async () => {
    const replica = replicaOn(kernels)
    const write = async (changes: Partial<typeof request> = {}): Promise<string> =>
      await replica.withParameters(undefined, async parameters => await sampleText(replica.model, parameters, { ...request, ...changes }))
    const before = tf.memory().numTensors
    expect(await write()).toBe(await write())
    expect(await write()).not.toBe(await write({ seed: 4 }))
    expect(await write({ tokens: 0 })).toBe('')
    expect((await write({ prompt: '' })).length).toBeGreaterThan(0)
    expect(tf.memory().numTensors).toBe(before)
    await expect(write({ temperature: -1 })).rejects.toThrow(RangeError)
    await expect(write({ tokens: 1.5 })).rejects.toThrow(RangeError)
    replica.dispose()
  })
})
