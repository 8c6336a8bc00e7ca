import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTokenizer } from '../../../src/data/tokenizers/tokenizer-file.ts'
import { capturedShoal } from '../../support/captured-shoal.ts'

const { at, run, written } = capturedShoal('tokenizer')
const train = async (...words: string[]): Promise<number> => run('tokenizer', 'train', ...words)

describe('shoal tokenizer train', () => {
  it.each(['bpe', 'characters'])('writes %s that can be read, the same each time', async kind => {
    writeFileSync(at('a.txt'), 'the cat sat on the mat; '.repeat(9))
    writeFileSync(at('b.txt'), Uint8Array.of(0xff, 0x41))
    const words = ['--kind', kind, '--input', at('a.txt'), '--input', at('b.txt'), '--vocabulary', '270', '--json']
    expect(await train(...words, '-o', at('one.json'))).toBe(0)
    expect(await train(...words, '-o', at('two.json'))).toBe(0)
    expect(readFileSync(at('one.json'), 'utf8')).toBe(readFileSync(at('two.json'), 'utf8'))
    expect(readTokenizer(readFileSync(at('one.json'), 'utf8')).kind).toBe(kind)
    expect(written.stdout).toMatch(/"sha256":"[0-9a-f]{64}"/)
  })

  it('learns from the texts of records, not from their JSON', async () => {
    writeFileSync(at('a.jsonl'), Array.from({ length: 30 }, (_, index) => JSON.stringify({ text: 'abc abc', number: index })).join('\n'))
    expect(await train('--input', at('a.jsonl'), '--data-field', 'text', '--kind', 'characters', '-o', at('one.json'))).toBe(0)
    expect(JSON.parse(readFileSync(at('one.json'), 'utf8'))).toMatchObject({ characters: [' ', 'a', 'b', 'c'] })
    expect(await train('--input', at('a.jsonl'), '--data-field', 'body')).not.toBe(0)
    expect(written.stderr).toContain('a.jsonl, line 1')
  })

  it('says what is wrong', async () => {
    expect(await train('--input', at('nothing.txt'))).not.toBe(0)
    expect(written.stderr).toContain('nothing.txt cannot be trained on')
    expect(await train('--vocabulary', '200')).not.toBe(0)
    expect(await train('--kind', 'words')).not.toBe(0)
    expect(written.stderr).toContain('--kind cannot be words')
  })
})
