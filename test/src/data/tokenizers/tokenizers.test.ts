import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBpeTokenizer } from '../../../../src/data/tokenizers/bpe-tokenizer.ts'
import { trainBpe } from '../../../../src/data/tokenizers/bpe-trainer.ts'
import { createCharacterTokenizer, trainCharacters } from '../../../../src/data/tokenizers/character-tokenizer.ts'
import { GPT2_PATTERN, createSplitter } from '../../../../src/data/tokenizers/split-pieces.ts'
import type { PieceSplitter } from '../../../../src/data/tokenizers/split-pieces.ts'
import { bpeFile, charactersFile, readTokenizer } from '../../../../src/data/tokenizers/tokenizer-file.ts'
import type { Tokenizer } from '../../../../src/data/tokenizers/tokenizer.ts'
import { escapedBytes, escapedString } from '../../../../src/data/tokenizers/utf8.ts'
import { distinctPairs } from './support.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const split = createSplitter(GPT2_PATTERN)

function piecesOf (splitter: PieceSplitter, bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  splitter(bytes, piece => { pieces.push(escapedBytes(piece)) })
  return pieces
}
const sentence = 'The cat sat on the mat; the cat\'s mat was flat. Grüße, 世界! 🐟🐟 12 345\n\n'
const model = trainBpe([utf8(sentence.repeat(3))], 330, split)
const tokenizers: ReadonlyArray<[string, Tokenizer]> = [
  ['BPE', createBpeTokenizer(model, split)],
  ['BPE read back', readTokenizer(bpeFile(model))],
  ['characters', createCharacterTokenizer(trainCharacters([utf8(sentence)], 300))],
  ['characters read back', readTokenizer(charactersFile(trainCharacters([utf8(sentence)], 30)))]
]
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }).map(utf8),
  // Characters cut off, overlong forms, surrogates and what lies past U+10FFFF.
  fc.array(fc.constantFrom(0xc0, 0xc3, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x90, 0xf4, 0x90, 0xff, 0x41, 0x20, 0xef, 0xbb, 0xbf), { maxLength: 20 }).map(list => Uint8Array.from(list))
)

describe('any bytes', () => {
  it('come through an escaped string unharmed', () => {
    fc.assert(fc.property(bytes, value => { expect(escapedBytes(escapedString(value))).toEqual(value) }), { numRuns: 3000 })
  })

  it.each(tokenizers)('come through %s unharmed, as ids within the vocabulary', (_, tokenizer) => {
    fc.assert(fc.property(bytes, value => {
      const tokens = tokenizer.encode(value)
      expect(tokenizer.decode(tokens)).toEqual(value)
      expect(tokens.every(token => token >= 0 && token < tokenizer.vocabulary)).toBe(true)
    }), { numRuns: 500 })
  })

  it.each(tokenizers)('come out of %s for any ids', (_, tokenizer) => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -5, max: 1000 })), ids => { expect(tokenizer.decode(ids)).toBeInstanceOf(Uint8Array) }))
  })
})

describe('the BPE trainer', () => {
  it('merges the most frequent pair first, the lower ids of equals', () => {
    const { tokens, merges } = trainBpe([utf8('abab abab cdcd cd')], 260, createSplitter('\\S+'))
    expect(merges.slice(0, 2)).toEqual([{ left: 97, right: 98, id: 256 }, { left: 99, right: 100, id: 257 }])
    expect(new TextDecoder().decode(tokens[258])).toBe('abab')
  })

  it('learns what a trainer learns that counts everything anew', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 30 }), { maxLength: 6 }), texts => {
      const documents = texts.map(utf8)
      const { merges } = trainBpe(documents, 270, split)
      expect(merges.map(({ left, right }) => [left, right])).toEqual(distinctPairs(documents.flatMap(document => piecesOf(split, document)), 14))
    }), { numRuns: 200 })
  })

  it('does not depend on the order of the documents, and stops when nothing repeats', () => {
    const documents = ['the cat', 'the mat', 'a cat sat'].map(utf8)
    expect(trainBpe([...documents].reverse(), 400, split)).toEqual(trainBpe(documents, 400, split))
    expect(trainBpe([utf8('xyz')], 400, split).tokens).toHaveLength(256)
    expect(trainBpe([], 400, split).merges).toEqual([])
    expect(() => trainBpe([], 255, split)).toThrow(RangeError)
  })

  it('makes a text shorter', () => {
    expect(tokenizers[0]![1].encode(utf8(sentence)).length).toBeLessThan(utf8(sentence).length / 2)
  })
})

describe('characters', () => {
  it('are one token each; what is unknown takes two a byte', () => {
    const tokenizer = createCharacterTokenizer(trainCharacters([utf8('aé🐟a')], 99))
    expect(tokenizer.vocabulary).toBe(19)
    expect([...tokenizer.encode(utf8('🐟aé'))]).toEqual([18, 16, 17])
    expect([...tokenizer.encode(Uint8Array.of(0x62, 0xff))]).toEqual([6, 2, 15, 15])
  })

  it('are the most frequent ones when not all fit', () => {
    expect(trainCharacters([utf8('zzyyx')], 18)).toEqual(['y', 'z'])
  })
})

describe('tokenizer.json', () => {
  const good = JSON.parse(bpeFile(model)) as Record<string, unknown>
  const read = (changes: Record<string, unknown>): Tokenizer => readTokenizer(JSON.stringify({ ...good, ...changes }))

  it('may have special tokens, which are written but never read out of a text', () => {
    const tokenizer = read({ added_tokens: [{ id: 400, content: '<|end|>', special: true }] })
    expect(tokenizer.vocabulary).toBe(401)
    expect(new TextDecoder().decode(tokenizer.decode([400, 399]))).toBe('<|end|>')
    expect(tokenizer.encode(utf8('<|end|>')).includes(400)).toBe(false)
  })

  it('may bring its own pattern, and merges as pairs', () => {
    const merges = model.merges.length
    const { model: theirs } = good as { model: { merges: string[] } }
    const step = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
    const cut = (Regex: string): unknown => ({ type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }, step] })
    const tokenizer = read({ model: { ...theirs, merges: theirs.merges.map(merge => merge.split(' ')) }, pre_tokenizer: cut('(?i:\'s|\'t)|\\p{L}+') })
    expect(merges).toBeGreaterThan(20)
    expect(tokenizer.decode(tokenizer.encode(utf8(sentence)))).toEqual(utf8(sentence))
    expect(piecesOf(createSplitter('(?i:\'s|\'t)|\\p{L}+'), utf8('IT\'S it')).map(piece => new TextDecoder().decode(piece))).toEqual(['IT', '\'S', ' ', 'it'])
    expect(() => read({ pre_tokenizer: cut('(') })).toThrow(expect.objectContaining({ why: expect.stringContaining('pattern') as string }) as Error)
  })

  it.each<[string, string, string]>([
    ['no JSON', '{', 'no JSON'],
    ['nothing known', '{}', 'no byte-level BPE'],
    ['a normalizer', JSON.stringify({ ...good, normalizer: { type: 'NFC' } }), 'normalizer'],
    ['a missing byte', JSON.stringify({ ...good, model: { type: 'BPE', vocab: { a: 0 }, merges: [] } }), 'vocabulary lacks'],
    ['a merge of unknown tokens', JSON.stringify({ ...good, model: { ...good['model'] as object, merges: ['qq zz'] } }), 'vocabulary lacks "qq"'],
    ['a token that is no bytes', JSON.stringify({ ...good, model: { ...good['model'] as object, vocab: { ...(good['model'] as { vocab: object }).vocab, 世: 999 } } }), 'not spelt in bytes']
  ])('is refused in a sentence: %s', (_, text, why) => {
    expect(() => readTokenizer(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', why: expect.stringContaining(why) as string }) as Error)
  })

  it('of any kind never crashes', () => {
    fc.assert(fc.property(fc.json(), text => {
      try { readTokenizer(text) } catch (error) { expect(error).toMatchObject({ code: 'CONFIG_INVALID' }) }
    }), { numRuns: 300 })
  })
})

/** Why the check against Hugging Face's own reader cannot run here, if it cannot. */
function lacks (): string {
  try {
    execFileSync('python3', ['-c', 'import tokenizers'], { stdio: 'pipe' })
    return ''
  } catch {
    return ' (skipped: python3 with tokenizers is not installed)'
  }
}

describe.skipIf(lacks() !== '')(`Hugging Face's tokenizers${lacks()}`, () => {
  it('read our file and give the same ids', () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-tokenizer-'))
    try {
      const texts = [sentence, 'we\'ll  see   \n\n\tТест don\'t  1234567 ½ \u00a0x\r\n', 'mat'.repeat(50), '']
      writeFileSync(join(folder, 'tokenizer.json'), bpeFile(model))
      writeFileSync(join(folder, 'texts.json'), JSON.stringify(texts))
      const script = [
        'import json, sys', 'from tokenizers import Tokenizer', 'tokenizer = Tokenizer.from_file(sys.argv[1])',
        'print(json.dumps([tokenizer.encode(text).ids for text in json.load(open(sys.argv[2]))]))'
      ].join('\n')
      const theirs: unknown = JSON.parse(execFileSync('python3', ['-c', script, join(folder, 'tokenizer.json'), join(folder, 'texts.json')], { encoding: 'utf8' }))
      expect(texts.map(text => [...tokenizers[0]![1].encode(utf8(text))])).toEqual(theirs)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

it.each([GPT2_PATTERN, '\\S*', 'a?'])('pieces of %s are all of the bytes', pattern => {
  const splitter = createSplitter(pattern)
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' }).map(utf8), fc.constant(utf8('€'.repeat(900)))), bytes => {
    const pieces = piecesOf(splitter, bytes)
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(bytes))
    expect(pieces.every(({ length }) => length > 0 && length <= 1024)).toBe(true)
  }))
})
