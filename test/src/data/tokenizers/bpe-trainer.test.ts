import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainBpe } from '../../../../src/data/tokenizers/bpe-trainer.ts'
import { GPT2_PATTERN, createSplitter } from '../../../../src/data/tokenizers/split-pieces.ts'
import { escapedBytes } from '../../../../src/data/tokenizers/utf8.ts'

type Merge = readonly [left: number, right: number]
const split = createSplitter(GPT2_PATTERN)

/** Counts every pair of the text anew before each merge. */
function mergesByCounting (text: Uint8Array, vocabulary: number): Merge[] {
  let words: number[][] = []
  split(text, piece => { words.push([...escapedBytes(piece)]) })
  const merges: Merge[] = []
  for (let id = 256; id < vocabulary; id++) {
    const counts = new Map<string, { pair: Merge, count: number }>()
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) {
        const pair: Merge = [word[at]!, word[at + 1]!]
        const found = counts.get(pair.join()) ?? { pair, count: 0 }
        found.count++
        counts.set(pair.join(), found)
      }
    }
    const [best] = [...counts.values()].sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1])
    if (best === undefined || best.count < 2) break
    merges.push(best.pair)
    words = words.map(word => {
      const result: number[] = []
      for (let at = 0; at < word.length; at++) {
        const isPair = word[at] === best.pair[0] && word[at + 1] === best.pair[1]
        result.push(isPair ? id : word[at]!)
        if (isPair) at++
      }
      return result
    })
  }
  return merges
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
