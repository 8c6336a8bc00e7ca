import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBatchSampler, createExampleSampler } from '../../../src/data/batch-sampler.ts'
import { decodeBytes, encodeBytes } from '../../../src/data/byte-tokenizer.ts'
import { cutByEra, deal, heldOutExcerpt, joinDocuments, splitDocuments } from '../../../src/data/documents.ts'
import type { Document } from '../../../src/data/documents.ts'

/** Documents whose bytes tell which one they come from. */
function corpus (lengths: readonly number[]): Document[] {
  return lengths.map((length, index) => ({ name: `d${index}`, year: 1790 + index, text: new Uint8Array(length).fill(index + 1) }))
}

const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 12, maxLength: 60 })

describe('splitDocuments', () => {
  it('uses every document once, either for training or held out', () => {
    fc.assert(fc.property(lengths, fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom<'era' | 'iid'>('era', 'iid'), (sizes, holdOutEvery, shards, split) => {
      const documents = corpus(sizes)
      const { training, heldOut } = splitDocuments(documents, { holdOutEvery, shards, split })
      expect(training).toHaveLength(shards)
      expect(heldOut).toEqual(documents.filter((_, index) => (index + 1) % holdOutEvery === 0))
      const seen = training.flatMap(shard => [...new Set(shard)]).filter(byte => byte !== 10)
      const expected = documents.filter(document => !heldOut.includes(document)).map(document => document.text[0]!)
      expect([...seen].sort((a, b) => a - b)).toEqual(expected.filter(byte => byte !== 10))
    }))
  })

  it('refuses more shards than documents', () => {
    expect(() => splitDocuments(corpus([5, 5, 5]), { holdOutEvery: 2, shards: 3, split: 'era' })).toThrow(RangeError)
  })
})

describe('shards', () => {
  it('by era are runs of years, none empty, and even where the documents are', () => {
    fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 4 }), (sizes, count) => {
      const shards = cutByEra(corpus(sizes), count)
      expect(shards.flat().map(document => document.name)).toEqual(sizes.map((_, index) => `d${index}`))
      expect(shards.every(shard => shard.length > 0)).toBe(true)
    }))
    const even = cutByEra(corpus(new Array<number>(40).fill(7)), 4)
    expect(even.map(shard => shard.length)).toEqual([10, 10, 10, 10])
  })

  it('dealt differ by at most the longest document, and repeat', () => {
    fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 4 }), (sizes, count) => {
      const bytes = deal(corpus(sizes), count).map(shard => shard.reduce((sum, document) => sum + document.text.length, 0))
      expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThanOrEqual(Math.max(...sizes))
      expect(deal(corpus(sizes), count)).toEqual(deal(corpus(sizes), count))
    }))
  })

  it('separate documents by a line feed', () => {
    expect(decodeBytes(joinDocuments([{ name: 'a', year: 1, text: encodeBytes('one') }, { name: 'b', year: 2, text: encodeBytes('two') }]))).toBe('one\ntwo')
    expect(joinDocuments([])).toHaveLength(0)
  })
})

describe('heldOutExcerpt', () => {
  it('takes an equal piece of every document that is long enough, and all of the shorter ones', () => {
    fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 3000 }), (sizes, size) => {
      const excerpt = heldOutExcerpt(corpus(sizes), size)
      const total = sizes.reduce((a, b) => a + b, 0)
      const pieces = sizes.map((_, index) => excerpt.filter(byte => byte === index + 1).length)
      const longest = Math.max(...pieces)
      pieces.forEach((piece, index) => expect(piece).toBe(Math.min(longest, sizes[index]!)))
      expect(excerpt.length).toBeLessThanOrEqual(size)
      expect(excerpt.length).toBeGreaterThan(Math.min(total, size) - sizes.length)
    }))
  })

  it('refuses a size that is not natural', () => {
    expect(() => heldOutExcerpt([], 0)).toThrow(RangeError)
  })
})

describe('the byte tokenizer', () => {
  it('gives back any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => { expect(decodeBytes(encodeBytes(text))).toBe(text) }))
  })
})

describe('createBatchSampler', () => {
  const shard = Uint8Array.from({ length: 200 }, (_, index) => index)
  const shape = { rows: 3, length: 8 }

  it('is a function of seed and step alone, in any order', () => {
    const [sample, again] = [createBatchSampler(shard, 7, shape), createBatchSampler(shard, 7, shape)]
    const forwards = [0, 1, 2, 3].map(step => sample(step))
    const backwards = [3, 2, 1, 0].map(step => again(step)).reverse()
    expect(forwards).toEqual(backwards)
    expect(createBatchSampler(shard, 8, shape)(0)).not.toEqual(forwards[0])
    expect(forwards[0]).not.toEqual(forwards[1])
  })

  it('cuts windows out of the shard, each target the next byte', () => {
    const sample = createBatchSampler(shard, 7, shape)
    for (let step = 0; step < 50; step++) {
      const { inputs: tokens, targets } = sample(step)
      for (let row = 0; row < 3; row++) {
        for (let i = 0; i < 8; i++) {
          expect(targets[row * 8 + i]).toBe(tokens[row * 8 + i]! + 1)
          expect(tokens[row * 8 + i]).toBe(tokens[row * 8]! + i)
        }
      }
    }
  })

  it('reaches the first and the last window', () => {
    const sample = createBatchSampler(shard.subarray(0, 11), 7, shape)
    const starts = new Set(Array.from({ length: 50 }, (_, step) => sample(step).inputs[0]))
    expect([...starts].sort()).toEqual([0, 1, 2])
  })

  it('refuses a shard without a window', () => {
    expect(() => createBatchSampler(shard.subarray(0, 8), 7, shape)).toThrow(RangeError)
    expect(createBatchSampler(shard.subarray(0, 9), 7, shape)(0).targets[7]).toBe(8)
  })
})

describe('a sampler over a reader', () => {
  it('draws the windows that it draws from memory, whatever the width of an id', () => {
    const ids = Array.from({ length: 300 }, (_, index) => index % 256)
    const batches = [Uint8Array.from(ids), Uint16Array.from(ids), Uint32Array.from(ids)].map(shard => createBatchSampler(shard, 7, { rows: 3, length: 8 })(5))
    expect(batches[1]).toEqual(batches[0])
    expect(batches[2]).toEqual(batches[0])
  })

  it('reaches every part of a shard beyond 32 bits, and nothing behind its end', () => {
    const length = 10_000_000_000
    const starts: number[] = []
    const reader = { length, read: (start: number, target: Int32Array) => { starts.push(start); target.fill(1) } }
    const sample = createBatchSampler(reader, 7, { rows: 50, length: 8 })
    for (let step = 0; step < 40; step++) sample(step)
    expect(starts.every(start => Number.isSafeInteger(start) && start >= 0 && start + 8 < length)).toBe(true)
    const tenths = Array.from({ length: 10 }, (_, tenth) => starts.filter(start => Math.floor(start / 1e9) === tenth).length)
    // 2,000 draws: 200 a tenth, standard deviation 13.4; six of them
    expect(tenths.every(count => Math.abs(count - 200) < 81)).toBe(true)
  })
})

describe('a sampler of examples', () => {
  const examples = { kind: 'examples' as const, length: 2, inputs: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5), targets: Int32Array.of(0, 1, 2) }

  it('draws whole examples, the same for a step whenever it is asked', () => {
    const sample = createExampleSampler(examples, 3, 64)
    const batch = sample(9)
    expect([...batch.targets].every((target, row) => batch.inputs[2 * row] === target && batch.inputs[2 * row + 1] === target + 0.5)).toBe(true)
    expect(new Set(batch.targets).size).toBe(3)
    sample(1)
    expect(sample(9)).toEqual(batch)
    expect(() => createExampleSampler({ ...examples, targets: new Int32Array() }, 3, 1)).toThrow(RangeError)
  })
})
