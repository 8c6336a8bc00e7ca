import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import type { TextSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import type { Model } from '../../../src/models/model.ts'
import { sampleText } from '../../../src/training/text-sampling.ts'
import type { TextTokenizer } from '../../../src/training/text-sampling.ts'
import { chooseToken } from '../../../src/training/token-choice.ts'
import { use } from '../kernels/support.ts'
import { upload } from '../models/support.ts'

const gpt: TextSpec = { kind: 'gpt', layers: 1, width: 8, heads: 2, context: 8, vocabulary: 256 }
const llama: TextSpec = { kind: 'llama', layers: 1, width: 8, heads: 2, groups: 1, hidden: 8, context: 8, vocabulary: 600, ropeBase: 100, tied: false }
const request = { prompt: 'the ', tokens: 30, temperature: 1, topK: 0, seed: 3 }

/** Ids of two bytes each, beyond what one byte can say; an id that is none of them stands for nothing. */
const pairs: TextTokenizer = {
  vocabulary: 600,
  encode: bytes => Int32Array.from({ length: Math.ceil(bytes.length / 2) }, (_, index) => 300 + ((bytes[2 * index]! + (bytes[2 * index + 1] ?? 0)) % 300)),
  decode: ids => Uint8Array.from([...Array.from(ids)].flatMap(id => id < 300 ? [] : [97 + id % 26, 97 + Math.floor(id / 26) % 26]))
}

let before: number
const placed: Tensor[][] = []
beforeAll(async () => {
  await use('wasm')
  before = tf.memory().numTensors
})
afterAll(() => {
  tf.dispose(placed)
  expect(tf.memory().numTensors).toBe(before)
})

function lively (spec: TextSpec): { readonly model: Model, readonly parameters: Tensor[] } {
  const model = createModel(spec)
  const parameters = upload(model, genesisWeights(spec, 5).map(weight => weight * 8))
  placed.push(parameters)
  return { model, parameters }
}

describe('chooseToken', () => {
  const logits = Float32Array.of(Math.log(1), Math.log(4), Math.log(3), Math.log(2))
  const rules = { temperature: 1, topK: 0 }
  const draws = Array.from({ length: 100 }, (_, index) => (index + 0.5) / 100)

  it('with top-p keeps to the smallest nucleus that has the probability', () => {
    const chosen = (topP: number): number[] => [...new Set(draws.map(drawn => chooseToken(logits, { ...rules, topP }, drawn)))].sort()
    expect(chosen(0.3)).toEqual([1])
    expect(chosen(0.41)).toEqual([1, 2])
    expect(chosen(0.69)).toEqual([1, 2])
    expect(chosen(0.71)).toEqual([1, 2, 3])
    expect(chosen(1)).toEqual([0, 1, 2, 3])
    expect(chosen(1e-9)).toEqual([1])
  })

  it('takes top-k before top-p, and temperature before both', () => {
    const chosen = (changes: object): number[] => [...new Set(draws.map(drawn => chooseToken(logits, { ...rules, ...changes }, drawn)))].sort()
    expect(chosen({ topK: 2, topP: 0.6 })).toEqual([1, 2])
    expect(chosen({ topK: 2, topP: 0.55 })).toEqual([1])
    expect(chosen({ temperature: 0.1, topP: 0.9 })).toEqual([1])
    expect(chosen({ temperature: 100, topP: 0.9 })).toEqual([0, 1, 2, 3])
  })

  it('with top-k draws what putting all tokens in order draws, ties included', () => {
    const cases = fc.record({ logits: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 40 }), topK: fc.nat(45), drawn: fc.double({ min: 0, max: 0.999, noNaN: true }) })
    fc.assert(fc.property(cases, ({ logits, topK, drawn }) => {
      const ranked = logits.map((logit, token) => ({ logit, token })).sort((a, b) => b.logit - a.logit || a.token - b.token).slice(0, topK === 0 ? undefined : topK)
      let left = drawn * ranked.reduce((sum, { logit }) => sum + Math.exp(logit - ranked[0]!.logit), 0)
      const expected = ranked.find(({ logit }) => (left -= Math.exp(logit - ranked[0]!.logit)) < 0) ?? ranked[0]!
      expect(chooseToken(Float32Array.from(logits), { temperature: 1, topK }, drawn)).toBe(expected.token)
    }))
  })
})

describe('sampleText', () => {
  it('says text as it is written, never a part of a character', async () => {
    const { model, parameters } = lively(gpt)
    // A model that only knows the four bytes of a fish: every token is a byte, every character four.
    const fish = new TextEncoder().encode('🐟')
    const bytes: TextTokenizer = { vocabulary: 256, encode: text => Int32Array.from(text), decode: ids => Uint8Array.from(ids, (_, index) => fish[(written + index) % 4]!) }
    let written = 0
    const pieces: string[] = []
    const counting: TextTokenizer = { ...bytes, decode: ids => { const out = bytes.decode(ids); written += ids.length; return out } }
    const text = await sampleText(model, parameters, { ...request, tokens: 13 }, { tokenizer: counting, onText: piece => pieces.push(piece) })
    expect(pieces).toEqual(['🐟', '🐟', '🐟', '\uFFFD'])
    expect(text).toBe(pieces.join(''))
  })

  it('writes with the ids of any tokenizer, and never one that it does not have', async () => {
    const { model, parameters } = lively(llama)
    const text = await sampleText(model, parameters, request, { tokenizer: pairs })
    expect(text).toMatch(/^([a-z]{2})+$/)
    expect(await sampleText(model, parameters, request, { tokenizer: pairs })).toBe(text)
    const few = { ...pairs, vocabulary: 310, decode: (ids: ArrayLike<number>) => { expect(Math.max(...Array.from(ids))).toBeLessThan(310); return pairs.decode(ids) } }
    await sampleText(model, parameters, request, { tokenizer: few })
  })

  it('stops when it is asked to, with what is written by then', async () => {
    const { model, parameters } = lively(gpt)
    let pieces = 0
    const options = { onText: () => { pieces++ }, shouldStop: () => pieces >= 4 }
    const [stopped, whole] = [await sampleText(model, parameters, request, options), await sampleText(model, parameters, request)]
    expect(whole.startsWith(stopped.replace(/\uFFFD+$/, ''))).toBe(true)
    expect(stopped.length).toBeLessThan(whole.length)
  })

  it.each([gpt, llama])('of $kind sees all tokens that the context holds, and the newer half of them once it is full', async spec => {
    const { model, parameters } = lively(spec)
    const written: number[] = []
    const tokenizer: TextTokenizer = {
      vocabulary: spec.vocabulary, encode: () => Int32Array.of(1, 2, 3), decode: ids => { written.push(...Array.from(ids)); return new Uint8Array() }
    }
    await sampleText(model, parameters, { ...request, temperature: 0, tokens: 20 }, { tokenizer })
    const history = [1, 2, 3]
    let seen = 3
    for (const token of written) {
      if (seen > spec.context) seen = spec.context / 2
      const window = history.slice(-seen)
      const logits = tf.tidy(() => [...model.logits(parameters, tf.tensor2d([...window], [1, window.length], 'int32')).dataSync()].slice(-spec.vocabulary))
      expect(token).toBe(logits.indexOf(Math.max(...logits)))
      history.push(token)
      seen++
    }
  })

  it('takes a prompt longer than the context by its end', async () => {
    const { model, parameters } = lively(gpt)
    expect(await sampleText(model, parameters, { ...request, prompt: 'abcdefgh12345678' })).toBe(await sampleText(model, parameters, { ...request, prompt: '12345678' }))
  })

  it.each([{ temperature: NaN }, { topK: -1 }, { topP: 0 }, { topP: 1.1 }, { tokens: -1 }])('refuses %j', async changes => {
    const { model, parameters } = lively(gpt)
    await expect(sampleText(model, parameters, { ...request, ...changes })).rejects.toThrow(RangeError)
  })

  it('refuses a model that writes no text', async () => {
    await expect(sampleText(createModel({ kind: 'mlp', inputs: 2, hidden: [2], classes: 2 }), [], request)).rejects.toThrow(RangeError)
  })
})
