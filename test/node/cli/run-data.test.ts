import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataOf, tokenizerOf } from '../../../node/cli/run-data.ts'
import type { RunDataOptions } from '../../../node/cli/run-data.ts'
import { FileStore } from '../../../node/data/file-store.ts'
import { RunFiles } from '../../../node/data/run-files.ts'
import { charactersFile } from '../../../src/data/tokenizers/tokenizer-file.ts'
import { dataSchema, tokenizerSchema } from '../../../src/manifest/schema.ts'

let folder: string
let store: FileStore
const at = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-run-data-'))
  store = new FileStore(at('home'))
  mkdirSync(at('texts'))
  for (const name of ['a', 'b', 'c']) writeFileSync(at(`texts/${name}.txt`), `a line of ${name}\n`.repeat(900))
  writeFileSync(at('records.jsonl'), Array.from({ length: 40 }, (_, index) => JSON.stringify({ text: `text ${index}`, author: `author ${index % 5}` })).join('\n'))
  writeFileSync(at('others.jsonl'), JSON.stringify({ body: 'a text' }))
  writeFileSync(at('short.txt'), 'a line')
})
afterAll(() => { rmSync(folder, { recursive: true }) })

const options = (changes: Partial<RunDataOptions> = {}): RunDataOptions => ({ shards: '2', ownShard: false, holdOutEvery: '10', tokenizer: 'bytes', ...changes })

describe('the data of a new run', () => {
  it('is the default corpus, cut by era, unless files are named', async () => {
    expect(await dataOf(options(), store)).toMatchObject({ corpus: 'sotu', split: 'era', shards: 2, holdOutEvery: 10 })
  })

  it('is a list of files that the store can find again', async () => {
    const data = dataSchema.parse(await dataOf(options({ data: [at('texts')] }), store))
    expect(data).toMatchObject({ corpus: 'files', split: 'iid', files: { bytes: 3 * 900 * 12 } })
    const files = await new RunFiles({ data, tokenizer: { kind: 'bytes' } }, store).located()
    expect(files.map(({ name, path }) => [name, path])).toEqual(['a', 'b', 'c'].map(name => [`texts/${name}.txt`, at(`texts/${name}.txt`)]))
  })

  it('may be records split by a field, or everybody’s own', async () => {
    expect(dataSchema.parse(await dataOf(options({ data: [at('records.jsonl')], dataField: 'text', split: 'label', label: 'author' }), store))).toMatchObject({ field: 'text', label: 'author', split: 'label' })
    expect(dataSchema.parse(await dataOf(options({ ownShard: true }), store))).toEqual({ corpus: 'own', holdOutEvery: 10 })
    expect(dataSchema.parse(await dataOf(options({ ownShard: true, heldOut: [at('texts/a.txt')] }), store))).toMatchObject({ corpus: 'own', heldOut: { bytes: 900 * 12 } })
  })

  it('is the field text of records, where nothing else is said and each file begins with it', async () => {
    expect(dataSchema.parse(await dataOf(options({ data: [at('records.jsonl'), at('texts')] }), store))).toMatchObject({ field: 'text' })
    expect(dataSchema.parse(await dataOf(options({ data: [at('texts')] }), store))).not.toHaveProperty('field')
    expect(dataSchema.parse(await dataOf(options({ ownShard: true, heldOut: [at('records.jsonl')] }), store))).toMatchObject({ field: 'text' })
  })

  it.each([
    ['a field without files', { dataField: 'text' }, 'USAGE', /--data/],
    ['a label where pieces are dealt', { data: ['records.jsonl'], dataField: 'text', label: 'author' }, 'USAGE', /--split label/],
    ['records whose field is not said', { data: ['others.jsonl', 'records.jsonl'] }, 'DATA_INVALID', /which field/],
    ['one piece in two shards', { data: ['short.txt'] }, 'DATA_INVALID', /its 1 piece of/],
    ['records without the field', { data: ['records.jsonl'], dataField: 'body' }, 'DATA_INVALID', /no field body/],
    ['more shards than labels', { data: ['records.jsonl'], dataField: 'text', split: 'label', label: 'author', shards: '6' }, 'DATA_INVALID', /5 labels cannot fill 6/],
    ['a text of which nothing is held out', { data: ['texts/a.txt'], holdOutEvery: '1000' }, 'DATA_INVALID', /one is to be held out/],
    ['own data in the manifest', { ownShard: true, data: ['texts'] }, 'USAGE', /shoal join/],
    ['a split of own data', { ownShard: true, split: 'iid' }, 'USAGE', /nothing is split/],
    ['held-out files of a run that has its own', { heldOut: ['texts'] }, 'USAGE', /--own-shard/],
    ['a path that is not there', { data: ['absent'] }, 'DATA_INVALID', /ENOENT/],
    ['a split that is none', { data: ['texts'], split: 'random' }, 'USAGE', /iid, label, era/]
  ] as const)('is not %s', async (_, { data, ...changes }: Partial<RunDataOptions>, code, why) => {
    await expect(dataOf(options({ ...changes, ...data === undefined ? {} : { data: data.map(at) } }), store)).rejects.toMatchObject({ code, why: expect.stringMatching(why) as string })
  })
})

describe('the tokenizer of a new run', () => {
  it('is kept by its hash, with its vocabulary', async () => {
    writeFileSync(at('tokenizer.json'), charactersFile(['a', 'b']))
    const spec = tokenizerSchema.parse(await tokenizerOf({ tokenizer: at('tokenizer.json') }, store))
    expect(spec).toMatchObject({ kind: 'file', vocabulary: 18 })
    expect(await new RunFiles({ data: { corpus: 'own', holdOutEvery: 2 }, tokenizer: spec }, store).tokenizer()).toBe(charactersFile(['a', 'b']))
    expect(await tokenizerOf({ tokenizer: 'bytes' }, store)).toEqual({ kind: 'bytes' })
  })

  it('is refused when it cannot be read', async () => {
    await expect(tokenizerOf({ tokenizer: at('absent') }, store)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(tokenizerOf({ tokenizer: at('texts/a.txt') }, store)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
