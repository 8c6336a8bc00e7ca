import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShoalError } from '../../../src/errors.ts'
import { openManifest, parseManifest, signManifest } from '../../../src/manifest/manifest.ts'
import { MODEL_SIZES, draftManifest } from '../../../src/manifest/draft.ts'
import { isTextModel } from '../../../src/manifest/model-kind.ts'
import type { LlamaSpec, RunManifest } from '../../../src/manifest/schema.ts'
import { exampleManifest } from '../../support/example-manifest.ts'

const secretKey = new Uint8Array(32).fill(7)
const manifest = exampleManifest({ creator: bytesToHex(ed25519.getPublicKey(secretKey)) })

function codeOf (action: () => unknown): string {
  try { action() } catch (error) { if (error instanceof ShoalError) return error.code; throw error }
  return 'none'
}

describe('a run manifest', () => {
  it('comes back as it was signed, under the same run id', () => {
    const signed = signManifest(manifest, secretKey)
    const opened = openManifest(signed.bytes)
    expect(opened.manifest).toEqual(manifest)
    expect(opened.runId).toBe(signed.runId)
  })

  it('has a run id that does not depend on the order of its keys', () => {
    const shuffled = Object.fromEntries(Object.entries(manifest).reverse()) as RunManifest
    expect(signManifest(shuffled, secretKey).runId).toBe(signManifest(manifest, secretKey).runId)
  })

  it('is refused when any byte of it was changed', () => {
    const { bytes } = signManifest(manifest, secretKey)
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const damaged = bytes.slice()
      damaged[index] = (damaged[index]! ^ change)
      expect(['MANIFEST_INVALID', 'MANIFEST_SIGNATURE']).toContain(codeOf(() => openManifest(damaged)))
    }), { numRuns: 300, examples: [] })
  })

  it('is refused, never crashing, when the bytes are arbitrary', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      expect(codeOf(() => openManifest(bytes))).toBe('MANIFEST_INVALID')
    }), { numRuns: 2000 })
  })

  it('is refused when its encoding is not canonical', () => {
    const body = encode(manifest)
    const padded = new Uint8Array([...body, 0])
    expect(codeOf(() => openManifest(encode({ manifest: padded, signature: new Uint8Array(64) })))).toBe('MANIFEST_INVALID')
  })

  it('cannot be signed by anyone but its creator', () => {
    expect(codeOf(() => signManifest(manifest, new Uint8Array(32).fill(8)))).toBe('MANIFEST_INVALID')
  })

  it('names an unknown key and the one that was meant', () => {
    const misspelt = { ...manifest, method: { ...manifest.method, everyStep: 20 } }
    expect(() => parseManifest(misspelt)).toThrow(ShoalError)
    try { parseManifest(misspelt) } catch (error) {
      expect((error as ShoalError).why).toContain('unknown key method.everyStep (did you mean everySteps?)')
    }
  })

  it('of a Llama with another optimizer and schedule is one too, and wrong shapes are named', () => {
    const model = { ...MODEL_SIZES['llama-tiny']! } as LlamaSpec
    const inner = { ...manifest.inner, optimizer: 'muon', decay: 'wsd', accumulate: 4 }
    expect(parseManifest({ ...manifest, model, inner })).toMatchObject({ model, inner })
    for (const [wrong, why] of [[{ heads: 64 }, 'even multiple of heads'], [{ groups: 3 }, 'multiple of groups'], [{ kind: 'lstm' }, 'model.kind']] as const) {
      expect(() => parseManifest({ ...manifest, model: { ...model, ...wrong } })).toThrow(expect.objectContaining({ why: expect.stringContaining(why) as string }) as Error)
    }
  })

  it.each(Object.keys(MODEL_SIZES))('can be drafted with the model %s', name => {
    const digits = { corpus: 'glyphs', seed: 1, examples: 100, holdOutEvery: 10, shards: 2, split: 'iid' } as const
    const drafted = draftManifest({
      name: 'drafted', creator: manifest.creator, seed: 1, model: name, method: manifest.method, steps: 0, batch: 2, learningRate: 0.001,
      data: isTextModel(MODEL_SIZES[name]!) ? manifest.data : digits, decay: 'wsd', recompute: true, optimizer: 'lion'
    })
    expect(parseManifest(drafted)).toEqual(drafted)
    expect(drafted.inner).toMatchObject({ optimizer: 'lion', decay: 'constant', recompute: true })
  })

  it('names the value that is out of range', () => {
    try {
      parseManifest({ ...manifest, model: { ...manifest.model, heads: 3 } })
      expect.unreachable()
    } catch (error) {
      expect((error as ShoalError).why).toContain('width must be a multiple of heads')
    }
  })
})
