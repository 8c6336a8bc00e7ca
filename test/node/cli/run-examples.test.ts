import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { RunDataOptions } from '../../../node/cli/run-data.ts'
import { examplesOf } from '../../../node/cli/run-examples.ts'
import { loadExamples, loadHeldOutExamples } from '../../../node/corpus/examples.ts'
import { FileStore } from '../../../node/data/file-store.ts'
import { RunFiles } from '../../../node/data/run-files.ts'
import { modelSizes, modelSizesInWords } from '../../../node/cli/model-sizes.ts'
import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import { parseManifest } from '../../../src/manifest/manifest.ts'
import { exampleManifest } from '../../support/example-manifest.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-examples-'))
afterAll(() => { rmSync(root, { recursive: true }) })

const store = new FileStore(root)
const defaults: RunDataOptions & { readonly model: string } = { model: 'mlp-small', shards: '2', ownShard: false, holdOutEvery: '5', tokenizer: 'bytes' }

function idxFile (name: string, shape: number[], values: (index: number) => number): string {
  const size = shape.reduce((a, b) => a * b, 1)
  const bytes = new Uint8Array(4 + 4 * shape.length + size)
  bytes.set([0, 0, 8, shape.length])
  shape.forEach((dimension, axis) => { new DataView(bytes.buffer).setUint32(4 + 4 * axis, dimension) })
  for (let index = 0; index < size; index++) bytes[4 + 4 * shape.length + index] = values(index)
  const path = join(root, name)
  writeFileSync(path, bytes)
  return path
}

const images = idxFile('images-idx3-ubyte', [20, 28, 28], index => index % 251)
const labels = idxFile('labels-idx1-ubyte', [20], index => index % 10)

describe('the data of a classifier’s run', () => {
  it('is digits drawn by program, unless files are named', async () => {
    const data = await examplesOf({ ...defaults, model: 'cnn-tiny', split: 'label' }, store)
    expect(data).toEqual({ corpus: 'glyphs', seed: 1, examples: 20_000, holdOutEvery: 5, shards: 2, split: 'label' })
    expect(await examplesOf({ ...defaults, model: 'cnn-tiny', data: ['glyphs'] }, store)).toMatchObject({ corpus: 'glyphs', split: 'iid' })
    expect(await examplesOf({ ...defaults, model: 'tiny' }, store)).toBeUndefined()
  })

  it('is dealt to peers who agree on what is held out', async () => {
    const run = { data: { corpus: 'glyphs', seed: 3, examples: 200, holdOutEvery: 5, shards: 3, split: 'iid' } as const, model: MODEL_SIZES['mlp-tiny']! }
    const files = { located: async () => Promise.resolve([]) }
    const shards = await Promise.all([0, 1, 2].map(async shard => loadExamples(run, shard, files)))
    expect(shards.map(({ training }) => training.targets.length)).toEqual([54, 53, 53])
    const heldOut = await loadHeldOutExamples(run, files)
    for (const shard of shards) expect(shard.heldOut).toEqual(heldOut)
    expect(heldOut).toMatchObject({ kind: 'examples', length: 144, targets: { length: 40 } })
  })

  it('is MNIST’s two files in any order, found again by their hashes', async () => {
    const data = (await examplesOf({ ...defaults, data: [labels, images] }, store))!
    expect(data).toMatchObject({ corpus: 'idx', files: { bytes: 20 * 784 + 16 + 28 } })
    const manifest = parseManifest(exampleManifest({ model: MODEL_SIZES['mlp-small']!, data }))
    const { training, heldOut } = await loadExamples({ data, model: manifest.model }, 0, new RunFiles(manifest, store))
    expect([...heldOut.targets]).toEqual([4, 9, 4, 9])
    expect(training.targets.length).toBe(8)
    expect(training.inputs[1]).toBe(Math.fround(1 / 255))
  })

  it.each<[string, Partial<typeof defaults>, string]>([
    ['files of another size', { model: 'mlp-tiny', data: [images, labels] }, 'DATA_INVALID'], ['one file', { data: [images] }, 'DATA_INVALID'],
    ['text', { data: [import.meta.filename, labels] }, 'DATA_INVALID'], ['too many shards', { data: [images, labels], shards: '100' }, 'DATA_INVALID'],
    ['a split by era', { split: 'era' }, 'USAGE'], ['a shard of one’s own', { ownShard: true }, 'USAGE'], ['a field', { dataField: 'text' }, 'USAGE'],
    ['a tokenizer', { tokenizer: 'tokenizer.json' }, 'USAGE']
  ])('refuses %s', async (_, options, code) => {
    await expect(examplesOf({ ...defaults, ...options }, store)).rejects.toMatchObject({ code })
  })

  it('fits the model, or the manifest is refused', () => {
    const glyphs = { corpus: 'glyphs', seed: 1, examples: 200, holdOutEvery: 5, shards: 2, split: 'iid' } as const
    expect(parseManifest(exampleManifest({ model: MODEL_SIZES['cnn-tiny']!, data: glyphs })).data).toEqual(glyphs)
    for (const wrong of [exampleManifest({ data: glyphs }), exampleManifest({ model: MODEL_SIZES['cnn-tiny']! })]) {
      expect(() => parseManifest(wrong)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID', why: expect.stringContaining('data.corpus') as string }) as Error)
    }
    expect(() => parseManifest(exampleManifest({ model: { ...MODEL_SIZES['cnn-tiny']!, filters: [1, 1, 1, 1] } as never, data: glyphs }))).toThrow()
  })
})

describe('model sizes', () => {
  it('tell their parameters as they are', () => {
    expect(modelSizes().find(({ name }) => name === 'gpt2-small')).toEqual({ name: 'gpt2-small', kind: 'gpt', parameters: 124_439_808 })
    expect(modelSizesInWords()).toContain('gpt2-small (124 M)')
    expect(modelSizesInWords()).toContain('tiny (0.22 M)')
  })
})
