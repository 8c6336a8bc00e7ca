import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignLabels, balancedCuts, createDealer, isHeldOut } from '../../../src/data/split.ts'

const shardCount = fc.integer({ min: 1, max: 9 })
const sizes = fc.array(fc.nat({ max: 1000 }), { minLength: 9, maxLength: 40 })
const labelled = sizes.map(list => new Map(list.map((size, index) => [`label ${index}`, size])))

describe('dealing pieces one by one', () => {
  it('gives any shards in a row one piece each, the same on every peer', () => {
    fc.assert(fc.property(shardCount, fc.nat(1000), (shards, round) => {
      const [one, other] = [createDealer(shards), createDealer(shards)]
      const dealt = Array.from({ length: shards }, (_, index) => one(round * shards + index))
      expect([...dealt].sort((a, b) => a - b)).toEqual(Array.from({ length: shards }, (_, shard) => shard))
      expect(dealt.map((_, index) => other(round * shards + index))).toEqual(dealt)
    }))
  })

  it('changes the order from row to row', () => {
    const dealer = createDealer(8)
    const rows = Array.from({ length: 50 }, (_, row) => Array.from({ length: 8 }, (_, index) => dealer(8 * row + index)).join())
    expect(new Set(rows).size).toBeGreaterThan(45)
  })

  it('holds out every n-th', () => {
    expect(Array.from({ length: 9 }, (_, piece) => isHeldOut(piece, 3))).toEqual([false, false, true, false, false, true, false, false, true])
    expect([isHeldOut(0, 1), isHeldOut(7, 1), isHeldOut(0, Infinity), isHeldOut(1e9, Infinity)]).toEqual([true, true, false, false])
  })
})

describe('splitting by label', () => {
  it.each(['label', 'era'] as const)('%s gives every label one shard and leaves no shard without', split => {
    fc.assert(fc.property(labelled, shardCount, (labels, shards) => {
      const assigned = assignLabels(labels, { split, shards })
      expect([...assigned.keys()].sort()).toEqual([...labels.keys()].sort())
      expect(new Set(assigned.values()).size).toBe(shards)
      expect([...assigned.values()].every(shard => shard >= 0 && shard < shards)).toBe(true)
    }))
  })

  it('balances: the heaviest shard has no more than the lightest and the largest label', () => {
    fc.assert(fc.property(labelled, shardCount, (labels, shards) => {
      const assigned = assignLabels(labels, { split: 'label', shards })
      const bytes = new Array<number>(shards).fill(0)
      for (const [label, shard] of assigned) bytes[shard] = bytes[shard]! + labels.get(label)!
      expect(Math.max(...bytes)).toBeLessThanOrEqual(Math.min(...bytes) + Math.max(...labels.values()))
    }))
  })

  it('keeps eras together: years in order of value, whatever their digits', () => {
    const years = new Map([['1999', 5], ['800', 5], ['1500', 5], ['12', 5]])
    expect([...assignLabels(years, { split: 'era', shards: 2 })]).toEqual([['12', 0], ['800', 0], ['1500', 1], ['1999', 1]])
    fc.assert(fc.property(fc.uniqueArray(fc.nat(3000), { minLength: 9 }), shardCount, (list, shards) => {
      const assigned = assignLabels(new Map(list.map(year => [String(year), year % 7])), { split: 'era', shards })
      const inOrder = [...list].sort((a, b) => a - b).map(year => assigned.get(String(year))!)
      expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b))
    }))
  })

  it('does not depend on the order in which labels were met', () => {
    fc.assert(fc.property(labelled, shardCount, fc.constantFrom<'label' | 'era'>('label', 'era'), (labels, shards, split) => {
      expect(assignLabels(new Map([...labels].reverse()), { split, shards })).toEqual(assignLabels(labels, { split, shards }))
    }))
  })

  it('refuses more shards than labels', () => {
    expect(() => assignLabels(new Map([['a', 1]]), { split: 'label', shards: 2 })).toThrow(RangeError)
  })
})

it('cuts fall as close to their share as whole entries allow', () => {
  expect(balancedCuts([1, 1, 1, 1], 2)).toEqual([0, 2])
  expect(balancedCuts([10, 1, 1], 3)).toEqual([0, 1, 2])
  expect(balancedCuts([1, 1, 10], 2)).toEqual([0, 2])
})
