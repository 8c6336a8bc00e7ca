import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ThinnedList } from '../../../node/web/thinned-list.ts'

describe('a thinned list', () => {
  it('keeps first and newest, in order, within its room, evenly spread', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 2000 }), (capacity, count) => {
      const list = new ThinnedList<number>(capacity)
      for (let item = 0; item < count; item++) {
        list.push(item)
        expect(list.items.at(-1)).toBe(item)
      }
      const { items } = list
      expect(items[0]).toBe(0)
      expect(items.length).toBeLessThanOrEqual(capacity + 1)
      const gaps = items.slice(1, -1).map((item, index) => item - items[index]!)
      expect(new Set(gaps).size).toBeLessThanOrEqual(1)
      expect(items.length).toBeGreaterThanOrEqual(Math.min(count, Math.floor(capacity / 2)))
    }))
  })
})
