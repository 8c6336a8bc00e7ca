import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdsRecords, MAXIMUM_LINE_BYTES, pieceBytesFor, piecesOf } from '../../../src/data/pieces.ts'
import type { Piece, PieceRules } from '../../../src/data/pieces.ts'
import { planExcerpt } from '../../../src/data/held-out.ts'
import { HELD_OUT_BYTES } from '../../../src/data/documents.ts'

const encoder = new TextEncoder()

/** The bytes in chunks of the given lengths, over and over, in one buffer as a file reader has it. */
async function * chunked (bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(...lengths))
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const chunk = bytes.subarray(at, at + lengths[turn % lengths.length]!)
    buffer.set(chunk)
    await Promise.resolve()
    yield buffer.subarray(0, chunk.length)
    at += chunk.length
  }
}

async function pieces (name: string, content: Uint8Array | string, rules: PieceRules, lengths: readonly number[] = [7]): Promise<Piece[]> {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content
  const found: Piece[] = []
  for await (const piece of piecesOf(name, chunked(bytes, lengths), rules)) found.push(piece)
  return found
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })
const anyText = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string({ unit: 'binary', maxLength: 200 }).map(text => encoder.encode(text)), fc.array(fc.constantFrom(10, 65, 66, 0xe2, 0x82, 0xac), { maxLength: 400 }).map(list => Uint8Array.from(list)))

describe('pieces of a text', () => {
  it('are its bytes, all and in order, however the file is read', async () => {
    await fc.assert(fc.asyncProperty(anyText, lengths, fc.integer({ min: 1, max: 30 }), async (bytes, chunks, pieceBytes) => {
      const found = await pieces('a.txt', bytes, { pieceBytes }, chunks)
      expect(Buffer.concat(found.map(({ text }) => text))).toEqual(Buffer.from(bytes))
      expect(found).toEqual(await pieces('a.txt', bytes, { pieceBytes }, [1000]))
      expect(found.every(({ label, text }, index) => label === 'a.txt' && text.length > 0 && text.length <= 2 * pieceBytes && (found[index]!.continues === index > 0))).toBe(true)
    }))
  })

  it('are handed on as they come: a chunk and two pieces are all that waits, however long the file', async () => {
    const chunk = Uint8Array.from({ length: 4096 }, (_, index) => index % 61 === 0 ? 10 : 120)
    let read = 0
    async function * endless (): AsyncGenerator<Uint8Array> {
      for (; read < 2 ** 26; read += chunk.length) { await Promise.resolve(); yield chunk }
    }
    let handed = 0
    for await (const { text } of piecesOf('a.txt', endless(), { pieceBytes: 2048 })) {
      handed += text.length
      if (read + chunk.length - handed > chunk.length + 2 * 2048) expect.unreachable()
    }
    expect(handed).toBe(2 ** 26)
  })

  it('end with a line where there is one, and never within a character', async () => {
    const found = await pieces('a.txt', 'one\ntwo\nthree\n', { pieceBytes: 5 })
    expect(found.map(({ text }) => new TextDecoder().decode(text))).toEqual(['one\ntwo\n', 'three\n'])
    const cut = await pieces('a.txt', '€'.repeat(40), { pieceBytes: 5 })
    expect(cut.map(({ text }) => new TextDecoder('utf-8', { fatal: true }).decode(text)).join('')).toBe('€'.repeat(40))
  })

  it('of a text are a thousand, within limits', () => {
    expect([pieceBytesFor(10), pieceBytesFor(10_000_000), pieceBytesFor(1e10)]).toEqual([1024, 9765, 65_536])
  })

  it('cannot be labelled by a field', async () => {
    await expect(pieces('a.txt', 'x', { pieceBytes: 5, label: 'author' })).rejects.toMatchObject({ code: 'DATA_INVALID', why: expect.stringContaining('no field author') as string })
  })
})

describe('records', () => {
  const rules: PieceRules = { field: 'text', pieceBytes: 1 }

  it('give their text and label, however the file is read', async () => {
    const records = [{ text: 'one\n', who: 'ä' }, { text: '', who: 7 }, { who: 'b', text: '€ \u0000' }]
    await fc.assert(fc.asyncProperty(lengths, async chunks => {
      const found = await pieces('a.jsonl', `${JSON.stringify(records[0])}\r\n\n ${JSON.stringify(records[1])}\n${JSON.stringify(records[2])}`, { ...rules, label: 'who' }, chunks)
      expect(found.map(({ label, text }) => [label, new TextDecoder().decode(text)])).toEqual([['ä', 'one\n'], ['7', ''], ['b', '€ \u0000']])
    }))
  })

  it('are known by the file’s name', () => {
    expect(['a.jsonl', 'A.NDJSON', 'a.json', 'a.jsonl.txt'].map(holdsRecords)).toEqual([true, true, false, false])
  })

  it.each([
    ['no JSON', '{"text":"a","who":1}\n{"text":', 2, 'it is no JSON'],
    ['no UTF-8', Uint8Array.of(10, 0x22, 0xff, 0x22), 2, 'it is no JSON'],
    ['no object', '\n\n["text"]', 3, 'no JSON object'],
    ['null', 'null', 1, 'no JSON object'],
    ['no field', '{"body":"a"}', 1, 'the record has no field text'],
    ['a field of another kind', '{"text":1}', 1, 'field text is no text'],
    ['no label', '{"text":"a"}', 1, 'the record has no field who'],
    ['a label that is none', '{"text":"a","who":{}}', 1, 'field who is neither text nor a number']
  ])('with %s are refused with file and line', async (_, content, line, why) => {
    await expect(pieces('a.jsonl', content, { ...rules, label: 'who' })).rejects.toMatchObject({ code: 'DATA_INVALID', message: expect.stringContaining(`a.jsonl, line ${line} `) as string, why: expect.stringContaining(why) as string })
  })

  it('that never end are refused before memory does', async () => {
    async function * endless (): AsyncGenerator<Uint8Array> {
      const chunk = new Uint8Array(2 ** 20).fill(32)
      for (let read = 0; read <= 2 * MAXIMUM_LINE_BYTES; read += chunk.length) { await Promise.resolve(); yield chunk }
      throw new Error('read on')
    }
    await expect((async () => { for await (const piece of piecesOf('a.jsonl', endless(), rules)) expect(piece).toBeUndefined() })()).rejects.toMatchObject({ code: 'DATA_INVALID', why: expect.stringContaining('longer than') as string })
  })

  it('need a field to be named', async () => {
    await expect(pieces('a.jsonl', '{}', { pieceBytes: 1 })).rejects.toMatchObject({ code: 'DATA_INVALID', why: expect.stringContaining('which field') as string })
  })
})

describe('the plan of an excerpt', () => {
  it('takes enough for its size, evenly, and holds little at once', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 70_000 }), (count, each) => {
      const { takes, bytesEach } = planExcerpt(count, count * each)
      const taken = Array.from({ length: count }, (_, piece) => piece).filter(takes)
      expect(taken[0]).toBe(0)
      const gaps = taken.slice(1).map((piece, index) => piece - taken[index]!)
      if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1)
      const collected = taken.length * Math.min(each, bytesEach)
      expect(collected).toBeGreaterThanOrEqual(Math.min(HELD_OUT_BYTES, count * each))
      expect(taken.length * Math.min(each, bytesEach)).toBeLessThanOrEqual(3 * HELD_OUT_BYTES)
    }), { numRuns: 60 })
  })
})
