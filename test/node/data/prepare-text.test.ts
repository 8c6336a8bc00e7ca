import { appendFileSync, readFileSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findFiles } from '../../../node/data/find-files.ts'
import { heldOutTextOf, prepareText } from '../../../node/data/prepare-text.ts'
import type { Encoder } from '../../../node/data/prepare-text.ts'
import { piecesOfText } from '../../../node/data/survey.ts'
import type { TextPlan } from '../../../node/data/survey.ts'
import { openTokenReader } from '../../../node/data/token-reader.ts'
import { createBatchSampler } from '../../../src/data/batch-sampler.ts'
import { isHeldOut } from '../../../src/data/split.ts'
import { folderWith, someBytes } from './support.ts'

const BYTES: Encoder = { name: 'bytes', vocabulary: 256, encode: bytes => bytes }
/** Two ids a byte, past 16 bits. */
const WIDE: Encoder = { name: 'wide', vocabulary: 70_000, encode: bytes => Int32Array.from({ length: 2 * bytes.length }, (_, index) => index % 2 === 0 ? 69_000 + bytes[index / 2]! : 1) }

const lines = (from: number, count: number): string => Array.from({ length: count }, (_, index) => `line ${from + index} of this text\n`).join('')

async function planOf (files: Readonly<Record<string, string | Uint8Array>>, changes: Partial<TextPlan> = {}): Promise<TextPlan> {
  return { files: await findFiles([folderWith(files)]), split: 'iid', shards: 3, holdOutEvery: 5, ...changes }
}

const prepared = async (plan: TextPlan, shard: number, encoder = BYTES, folder = folderWith()): ReturnType<typeof prepareText> => await prepareText(plan, shard, encoder, folder)
const tokensOf = async (plan: TextPlan, shard: number): Promise<string> => readFileSync((await prepared(plan, shard)).training.path, 'latin1')

describe('preparing text', () => {
  it('puts every line into exactly one shard, or holds it out', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 7 }), fc.integer({ min: 700, max: 1500 }), async (shards, holdOutEvery, count) => {
      const plan = await planOf({ 'a.txt': lines(0, count), 'b/c.txt': lines(10_000, 300) }, { shards, holdOutEvery })
      const held: string[] = []
      let number = 0
      for await (const { text } of piecesOfText(plan)) if (isHeldOut(number++, holdOutEvery)) held.push(Buffer.from(text).toString('latin1'))
      const parts = await Promise.all(Array.from({ length: shards }, async (_, shard) => await tokensOf(plan, shard)))
      const found = [...parts, ...held].join('').match(/line \d+/g)!
      expect(found).toHaveLength(count + 300)
      expect(new Set(found).size).toBe(count + 300)
    }), { numRuns: 8 })
  })

  it('keeps labels whole: a record’s author is in one shard', async () => {
    const records = Array.from({ length: 400 }, (_, index) => JSON.stringify({ body: `record ${index} by author${index % 7}`, by: `author${index % 7}` })).join('\n')
    const plan = await planOf({ 'a.jsonl': records }, { split: 'label', field: 'body', label: 'by' })
    const authors = await Promise.all([0, 1, 2].map(async shard => [...new Set((await tokensOf(plan, shard)).match(/author\d/g))]))
    expect(authors.flat().sort()).toEqual(Array.from({ length: 7 }, (_, index) => `author${index}`))
  })

  it('separates records, and not the parts of one text', async () => {
    const plan = await planOf({ 'a.jsonl': '{"t":"one"}\n{"t":"two\\n"}\n{"t":"three"}\n' }, { shards: 1, holdOutEvery: 100, field: 't' })
    expect(await tokensOf(plan, 0)).toBe('one\ntwo\nthree')
    const long = 'x'.repeat(10_000)
    expect(await tokensOf(await planOf({ 'a.txt': long }, { shards: 1, holdOutEvery: 100 }), 0)).toBe(long)
  })

  it.each([BYTES, WIDE])('reads the same batches from disk as from memory: $name', async encoder => {
    const plan = await planOf({ 'a.txt': someBytes(30_000) }, { shards: 1 })
    const { training } = await prepared(plan, 0, encoder)
    const ids: number[] = []
    let [number, endsLine] = [0, true]
    for await (const { text, continues } of piecesOfText(plan)) {
      const held = isHeldOut(number, 5)
      if (!held) {
        const follows = continues && !isHeldOut(number - 1, 5)
        ids.push(...Array.from(encoder.encode(endsLine || follows ? text : Buffer.concat([Buffer.from('\n'), text]))))
        endsLine = text.at(-1) === 10
      }
      number++
    }
    const reader = openTokenReader(training)
    try {
      expect(training.length).toBe(ids.length)
      const shape = { rows: 4, length: 16 }
      const [disk, memory] = [createBatchSampler(reader, 3, shape), createBatchSampler(Uint32Array.from(ids), 3, shape)]
      for (const step of [0, 9, 4, 1e6]) expect(disk(step)).toEqual(memory(step))
    } finally {
      reader.close()
    }
  })

  it('is done once, and anew for another shard, tokenizer or text; what was interrupted is not taken for whole', async () => {
    const folder = folderWith()
    const plan = await planOf({ 'a.txt': lines(0, 900) })
    const first = await prepareText(plan, 0, BYTES, folder)
    writeFileSync(first.training.path, 'z'.repeat(first.training.length))
    expect(await prepareText(plan, 0, BYTES, folder)).toEqual(first)
    expect(readFileSync(first.training.path, 'latin1')).toMatch(/^z+$/)
    const others = [await prepareText(plan, 1, BYTES, folder), await prepareText(plan, 0, WIDE, folder), await prepareText(await planOf({ 'a.txt': lines(1, 900) }), 0, BYTES, folder)]
    expect(new Set([first, ...others].map(({ training }) => training.path)).size).toBe(4)
    truncateSync(first.training.path, 5)
    expect(await prepareText(plan, 0, BYTES, folder)).toEqual(first)
    expect(readFileSync(first.training.path, 'latin1')).toContain('line')
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const elsewhere = folderWith()
    await expect(prepareText(plan, 0, BYTES, elsewhere, stop.signal)).rejects.toThrow('enough')
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it('holds out an excerpt that every shard and every judge has the same', async () => {
    const plan = await planOf({ 'a.txt': lines(0, 20_000) })
    const excerpt = (await prepared(plan, 0)).heldOutText
    expect((await prepared(plan, 2, WIDE)).heldOutText).toEqual(excerpt)
    const folder = folderWith()
    expect(await heldOutTextOf(plan, folder)).toEqual(excerpt)
    expect(await heldOutTextOf(plan, folder)).toEqual(excerpt)
    expect(excerpt.length).toBeGreaterThan(40_000)
    expect(excerpt.length).toBeLessThanOrEqual(65_536)
    const training = (await Promise.all([0, 1, 2].map(async shard => await tokensOf(plan, shard)))).join('')
    expect(training).not.toContain(Buffer.from(excerpt.subarray(0, 200)).toString('latin1'))
  })
})

describe('text that changes', () => {
  it.each([
    ['shrinks', (path: string) => { truncateSync(path, 100) }, /it has 100 bytes; it had/],
    ['grows', (path: string) => { appendFileSync(path, 'x') }, /bytes; it had/],
    ['is written to', (path: string) => { utimesSync(path, 1, 1) }, /it was written to/]
  ])('and %s is refused by name, and leaves nothing behind', async (_, change, why) => {
    const plan = await planOf({ 'a.txt': lines(0, 900) })
    change(plan.files[0]!.path)
    const folder = folderWith()
    await expect(prepareText(plan, 0, BYTES, folder)).rejects.toMatchObject({ code: 'DATA_CHANGED', message: expect.stringContaining('a.txt') as string, why: expect.stringMatching(why) as string })
    expect(readdirSync(folder)).toEqual([])
  })

  it('while it is read is noticed', async () => {
    const plan = await planOf({ 'a.txt': lines(0, 40_000) })
    await expect((async () => {
      let read = 0
      for await (const { text } of piecesOfText(plan)) if ((read += text.length) === text.length) truncateSync(plan.files[0]!.path, 300_000)
    })()).rejects.toMatchObject({ code: 'DATA_CHANGED' })
  })

  it('after it was tokenised stops a read in a sentence', async () => {
    const { training } = await prepared(await planOf({ 'a.txt': lines(0, 900) }), 0)
    const reader = openTokenReader(training)
    const target = new Int32Array(16)
    reader.read(training.length - 16, target)
    truncateSync(training.path, 100)
    expect(() => { reader.read(training.length - 16, target) }).toThrow(expect.objectContaining({ code: 'DATA_CHANGED', why: `it ends before byte ${training.length}` }) as Error)
    reader.close()
    expect(() => openTokenReader({ ...training, path: join(folderWith(), 'absent') })).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }) as Error)
  })
})

describe('text that is too little', () => {
  it('for its shards or labels is refused', async () => {
    await expect(prepared(await planOf({ 'a.txt': 'short' }), 0)).rejects.toMatchObject({ code: 'DATA_INVALID', why: expect.stringContaining('cannot fill 3 shards') as string })
    await expect(prepared(await planOf({ 'a.txt': lines(0, 900) }, { split: 'label' }), 0)).rejects.toMatchObject({ code: 'DATA_INVALID', why: '1 labels cannot fill 3 shards' })
    await expect(prepared(await planOf({ 'a.jsonl': '\n\n' }, { field: 't' }), 0)).rejects.toMatchObject({ code: 'DATA_INVALID', why: 'there is no text in it' })
  })
})
