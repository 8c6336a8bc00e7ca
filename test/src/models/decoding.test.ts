import { beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import type { TextSpec } from '../../../src/manifest/schema.ts'
import { createDecoder } from '../../../src/models/decoding.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { distance, use } from '../kernels/support.ts'
import { logitsOf, upload } from './support.ts'

const gpt: TextSpec = { kind: 'gpt', layers: 2, width: 12, heads: 3, context: 9, vocabulary: 13 }
const llama: TextSpec = { kind: 'llama', layers: 2, width: 24, heads: 4, groups: 2, hidden: 19, context: 9, vocabulary: 13, ropeBase: 100, tied: false }
const tokens = [1, 2, 3, 9, 0, 12, 1, 4, 4]

const lively = (spec: TextSpec): Float32Array => genesisWeights(spec, 5).map(weight => weight === 1 ? 1.2 : weight * 12 + 0.01)

describe.each([
  { name: 'a GPT', spec: gpt }, { name: 'a Llama with shared keys', spec: llama }, { name: 'a Llama with one key', spec: { ...llama, groups: 1, tied: true } },
  { name: 'a Llama with a key each', spec: { ...llama, groups: 4 } }
])('decoding $name', ({ spec }) => {
  describe.each(['wasm', 'cpu'] as const)('on %s', backend => {
    beforeAll(async () => { await use(backend) })

    it.each([[[1, 1, 1, 1, 1, 1, 1, 1, 1]], [[4, 1, 3, 1]], [[9]]])('in pieces of %j gives what the whole forward pass gives', async pieces => {
      const model = createModel(spec)
      const weights = lively(spec)
      const parameters = upload(model, weights)
      const before = tf.memory().numTensors
      const decoder = createDecoder(model, parameters)
      for (let round = 0; round < 2; round++) {
        let read = 0
        for (const piece of pieces) {
          const found = await decoder.read(tokens.slice(read, read + piece))
          read += piece
          expect(distance(found, logitsOf(model, weights, tokens.slice(0, read)).slice(-spec.vocabulary))).toBeLessThan(1e-5)
          expect(decoder.length).toBe(read)
        }
        await expect(decoder.read([1])).rejects.toThrow(RangeError)
        decoder.clear()
      }
      expect(tf.memory().numTensors).toBe(before)
      tf.dispose(parameters)
    })
  })

  it('refuses to read nothing', async () => {
    await use('wasm')
    await expect(createDecoder(createModel(spec), []).read([])).rejects.toThrow(RangeError)
  })
})

describe('a classifier', () => {
  it('writes no text', () => {
    expect(() => createDecoder(createModel({ kind: 'mlp', inputs: 2, hidden: [2], classes: 2 }), [])).toThrow(RangeError)
  })
})
