import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { encode } from 'cborg'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { draftManifest } from '../../../src/manifest/draft.ts'
import { parseManifest, signManifest } from '../../../src/manifest/manifest.ts'
import { exampleManifest } from '../../support/example-manifest.ts'

const sha256 = 'ab'.repeat(32)
const files = { sha256, listBytes: 100, bytes: 5000 }
const named = { corpus: 'files', files, holdOutEvery: 10, shards: 4, split: 'label', label: 'author', field: 'text' } as const
const tokenizer = { kind: 'file', sha256, bytes: 1000, vocabulary: 300 } as const

function whyNot (changes: object): string {
  try {
    parseManifest({ ...exampleManifest(), ...changes })
  } catch (error) {
    return (error as { why: string }).why
  }
  return 'it is one'
}

describe('the data of a manifest', () => {
  it('of version 1 is what it was, byte for byte', () => {
    const secretKey = new Uint8Array(32).fill(7)
    const written = {
      version: 1, creator: bytesToHex(ed25519.getPublicKey(secretKey)), name: 'old', seed: 1,
      model: { kind: 'gpt', layers: 4, width: 64, heads: 4, context: 64, vocabulary: 256 }, tokenizer: { kind: 'bytes' },
      data: { corpus: 'sotu', sha256: 'cd'.repeat(32), holdOutEvery: 10, shards: 4, split: 'era' },
      inner: { optimizer: 'adamw', learningRate: 0.004, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, batch: 2, warmupSteps: 50, decay: 'cosine' },
      method: { groupSize: 2, fragments: 1, everySteps: 20, overlapSteps: 0, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 }, codec: 'int8(64)', graceMs: 5000 },
      budget: { steps: 1000 }, admission: { kind: 'open' }
    }
    expect(signManifest(parseManifest(written), secretKey).runId).toBe(createHash('sha256').update(encode(written)).digest('hex'))
    expect(createHash('sha256').update(encode({ ...written, creator: 'ab'.repeat(32) })).digest('hex')).toBe('1674079f6fa430e7ff27f6169e3af2663e0b526146d041647d76b0fede50862c')
  })

  it.each([
    ['files', named],
    ['files dealt one by one', { corpus: 'files', files, holdOutEvery: 2, shards: 1, split: 'iid' }],
    ['own shards', { corpus: 'own', holdOutEvery: 10 }],
    ['own shards judged by the same text', { corpus: 'own', holdOutEvery: 10, field: 'text', heldOut: files }]
  ])('may be %s', (_, data) => {
    expect(parseManifest({ ...exampleManifest(), data })).toMatchObject({ data })
  })

  it('that is wrong is named, with the key that was meant', () => {
    expect(whyNot({ data: { ...named, split: 'iid' } })).toContain('data.label: has no meaning')
    expect(whyNot({ data: { ...named, shard: 3 } })).toContain('unknown key data.shard (did you mean shards?)')
    expect(whyNot({ data: { ...named, files: { ...files, sha256: 'xy' } } })).toContain('data.files.sha256: must be 64 hexadecimal digits')
    expect(whyNot({ data: { corpus: 'web' } })).toContain('data.corpus')
  })
})

describe('the tokenizer of a manifest', () => {
  it('sizes a model that is chosen by name', () => {
    const { seed, inner: { batch, learningRate }, method, creator } = exampleManifest()
    const drafted = draftManifest({ name: 'own', creator, seed, model: 'tiny', method, steps: 5, batch, learningRate, data: named, tokenizer })
    expect(drafted.model).toMatchObject({ vocabulary: 300 })
    expect(parseManifest(drafted)).toEqual(drafted)
  })

  it('must fit into the model', () => {
    const { model } = exampleManifest()
    expect(whyNot({ tokenizer })).toContain('model.vocabulary: is smaller than the tokenizer’s')
    expect(whyNot({ tokenizer, model: { ...model, vocabulary: 300 } })).toBe('it is one')
    expect(whyNot({ model: { ...model, vocabulary: 255 } })).toContain('model.vocabulary: is smaller')
  })
})
