import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainBpe } from '../../../../src/data/tokenizers/bpe-trainer.ts'
import { GPT2_PATTERN, createSplitter } from '../../../../src/data/tokenizers/split-pieces.ts'
import { escapedBytes } from '../../../../src/data/tokenizers/utf8.ts'
import { distinctPairs } from './support.ts'

const split = createSplitter(GPT2_PATTERN)

/** Counts every pair of the text anew before each merge. */
function mergesByCounting (text: Uint8Array, vocabulary: number): number[][] {
  const pieces: Uint8Array[] = []
  split(text, piece => { pieces.push(Uint8Array.from(escapedBytes(piece))) })
  return distinctPairs(pieces, vocabulary - 256)
}

describe('a learnt BPE', () => {
  it('has the merges that counting every pair anew gives', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'aa', 'ab', ' ', '\n', 'é'), { maxLength: 300, size: 'max' }), fc.integer({ min: 256, max: 300 }), (letters, vocabulary) => {
      const text = new TextEncoder().encode(letters.join(''))
      const { merges } = trainBpe([text], vocabulary, split)
      expect(merges.map(({ left, right }) => [left, right])).toEqual(mergesByCounting(text, vocabulary))
    }), { numRuns: 60 })
  })
})
