import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dealExamples, pickExamples } from '../../../../src/data/examples/example-set.ts'
import { GLYPH_SIDE, glyphSet } from '../../../../src/data/examples/glyphs.ts'
import { idxSet, readIdx } from '../../../../src/data/examples/idx.ts'
import { ShoalError } from '../../../../src/errors.ts'

const everyIndex = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('glyphs', () => {
  it('never change their bits', () => {
    const { inputs, targets } = pickExamples(glyphSet(1, 50), everyIndex(50))
    const bits = new Uint32Array(inputs.slice().buffer)
    expect(bits.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193) >>> 0, 0x811c9dc5).toString(16)).toMatchInlineSnapshot(`"783b52bb"`)
    expect([...targets.subarray(0, 12)]).toMatchInlineSnapshot(`
      [
        8,
        7,
        1,
        7,
        6,
        7,
        8,
        7,
        4,
        8,
        1,
        5,
      ]
    `)
  })

  it('are images of values in 0 … 1, of all ten classes, each its own', () => {
    const set = glyphSet(7, 400)
    const { inputs, targets, length } = pickExamples(set, everyIndex(400))
    expect(length).toBe(GLYPH_SIDE ** 2)
    expect(inputs.every(value => value >= 0 && value <= 1)).toBe(true)
    expect(new Set(targets)).toEqual(new Set(everyIndex(10)))
    expect(new Set(everyIndex(400).map(row => inputs.subarray(row * length, (row + 1) * length).join())).size).toBe(400)
  })

  it('are the same one by one, in any order and number, and others for another seed', () => {
    const [all, three] = [pickExamples(glyphSet(3, 20), everyIndex(20)), pickExamples(glyphSet(3, 9), [8, 2])]
    expect([...three.targets]).toEqual([all.targets[8], all.targets[2]])
    expect(three.inputs.subarray(0, 144)).toEqual(all.inputs.subarray(8 * 144, 9 * 144))
    expect(pickExamples(glyphSet(4, 20), everyIndex(20)).inputs).not.toEqual(all.inputs)
  })
})

describe('dealing examples', () => {
  const cases = fc.record({
    targets: fc.array(fc.nat(5), { minLength: 20, maxLength: 200 }), holdOutEvery: fc.integer({ min: 2, max: 10 }), shards: fc.integer({ min: 1, max: 8 }),
    split: fc.constantFrom('iid' as const, 'label' as const)
  })

  it('gives every example away once, in shards of one size, and holds out each n-th', () => {
    fc.assert(fc.property(cases, ({ targets, ...split }) => {
      const { training, heldOut } = dealExamples(targets, split)
      expect([...training.flat(), ...heldOut].sort((a, b) => a - b)).toEqual(everyIndex(targets.length))
      expect(heldOut.every(index => (index + 1) % split.holdOutEvery === 0)).toBe(true)
      const sizes = training.map(shard => shard.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }))
  })

  it('by label gives each shard few classes, one by one nearly all', () => {
    const { targets } = glyphSet(1, 2000)
    const classesOf = (split: 'iid' | 'label'): number[] =>
      dealExamples(targets, { holdOutEvery: 10, shards: 5, split }).training.map(shard => new Set(shard.map(index => targets[index])).size)
    expect(Math.max(...classesOf('label'))).toBeLessThanOrEqual(4)
    expect(classesOf('iid')).toEqual([10, 10, 10, 10, 10])
  })

  it('refuses too few', () => {
    expect(() => dealExamples([1, 2, 3], { holdOutEvery: 2, shards: 3, split: 'iid' })).toThrow(RangeError)
    expect(() => dealExamples([1, 2, 3], { holdOutEvery: 9, shards: 1, split: 'iid' })).toThrow(RangeError)
  })
})

describe('IDX files', () => {
  const idx = (shape: number[], values: number[]): Uint8Array => {
    const header = new DataView(new ArrayBuffer(4 + 4 * shape.length))
    header.setUint32(0, 0x0800 + shape.length)
    shape.forEach((dimension, axis) => { header.setUint32(4 + 4 * axis, dimension) })
    return new Uint8Array([...new Uint8Array(header.buffer), ...values])
  }
  const images = idx([3, 2, 2], [0, 255, 51, 0, 1, 2, 3, 4, 255, 255, 255, 255])
  const labels = idx([3], [7, 0, 3])

  it('give images and their classes', () => {
    const set = idxSet(readIdx(images, 'images'), readIdx(labels, 'labels'), 'mnist')
    expect(set).toMatchObject({ length: 4, classes: 8 })
    const { inputs, targets } = pickExamples(set, [0, 2])
    expect([...inputs]).toEqual([0, 1, Math.fround(0.2), 0, 1, 1, 1, 1])
    expect([...targets]).toEqual([7, 3])
  })

  it.each<[string, () => unknown]>([
    ['a truncated file', () => readIdx(images.subarray(0, 20), 'x')], ['another format', () => readIdx(new Uint8Array([0x1f, 0x8b, 8, 1, 0]), 'x')], ['an empty file', () => readIdx(new Uint8Array(), 'x')],
    ['floats', () => readIdx(new Uint8Array([0, 0, 0x0d, 1, 0, 0, 0, 0]), 'x')], ['no dimensions', () => readIdx(new Uint8Array([0, 0, 8, 0]), 'x')],
    ['other labels', () => idxSet(readIdx(images, 'x'), readIdx(idx([2], [1, 2]), 'x'), 'x')], ['labels in place of images', () => idxSet(readIdx(labels, 'x'), readIdx(labels, 'x'), 'x')]
  ])('refuse %s', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }) as Error)
    expect(read).toThrow(ShoalError)
  })

  it('never crash on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      try { readIdx(bytes, 'any') } catch (error) { expect(error).toBeInstanceOf(ShoalError) }
    }))
  })
})
