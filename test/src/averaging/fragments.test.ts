import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gather, planFragments, scatter } from '../../../src/averaging/fragments.ts'
import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { createLayout } from '../../../src/parameters/layout.ts'
import type { ParameterLayout } from '../../../src/parameters/layout.ts'
import { thrownBy } from '../compression/thrown-by.ts'

const layouts = Object.entries(MODEL_SIZES).filter(([name]) => name.includes('tiny') || name === 'small').map(([name, spec]) => ({ name, layout: modelLayout(spec) }))
const tiny = modelLayout(MODEL_SIZES['tiny']!)

/** Layers of which some value lies in the fragment. */
function layersIn (layout: ParameterLayout, ranges: ReadonlyArray<{ start: number, end: number }>): number[] {
  const names = layout.slots.filter(slot => ranges.some(({ start, end }) => slot.offset < end && slot.offset + slot.size > start)).map(slot => /^layer\.(\d+)/.exec(slot.name)?.[1])
  return [...new Set(names.filter(name => name !== undefined).map(Number))]
}

describe('planFragments', () => {
  it.each(layouts)('puts each parameter of $name in exactly one fragment', ({ layout }) => {
    for (const pattern of ['strided', 'sequential'] as const) {
      for (const count of [1, 2, 3, 4, 9]) {
        const seen = new Uint8Array(layout.size)
        const fragments = planFragments(layout, count, pattern)
        for (const { ranges, length, shapes } of fragments) {
          for (const { start, end } of ranges) for (let index = start; index < end; index++) seen[index]!++
          expect(ranges.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(length)
          expect(shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)).toBe(length)
        }
        expect(fragments.map(({ index }) => index)).toEqual([...fragments.keys()])
        expect(seen.every(times => times === 1)).toBe(true)
      }
    }
  })

  it('deals layers out like cards when strided, in stacks when sequential', () => {
    expect(planFragments(tiny, 2).map(({ ranges }) => layersIn(tiny, ranges))).toEqual([[0, 2], [1, 3]])
    expect(planFragments(tiny, 2, 'sequential').map(({ ranges }) => layersIn(tiny, ranges))).toEqual([[0, 1], [2, 3]])
  })

  it('balances bytes with embeddings and head, to a row where layers divide evenly', () => {
    for (const { layout } of layouts) {
      const lengths = planFragments(layout, 2).map(({ length }) => length)
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(256)
    }
    const lengths = planFragments(modelLayout(MODEL_SIZES['medium']!), 4).map(({ length }) => length)
    expect(lengths[2]! / lengths[0]!).toBeGreaterThan(0.5)
  })

  it('cuts by rows where there are fewer layers than fragments', () => {
    const layout = createLayout([{ name: 'weights', shape: [7, 5] }, { name: 'bias', shape: [5] }])
    expect(planFragments(layout, 4).map(({ ranges }) => ranges)).toEqual([[{ start: 0, end: 10 }], [{ start: 10, end: 20 }], [{ start: 20, end: 30 }], [{ start: 30, end: 40 }]])
    expect(planFragments(layout, 3).map(({ shapes }) => shapes)).toEqual([[[3, 5]], [[2, 5]], [[2, 5], [5]]])
  })

  it('refuses more fragments than there are rows, in a sentence', () => {
    const layout = createLayout([{ name: 'weights', shape: [2, 5] }])
    expect(planFragments(layout, 2)).toHaveLength(2)
    const error = thrownBy(() => planFragments(layout, 3))
    expect(error.code).toBe('METHOD_UNSUPPORTED')
    expect(error.why).toContain('2 rows')
  })

  it('gathers what it scatters, and touches nothing else', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 5 }), fc.constantFrom('strided' as const, 'sequential' as const), (count, pattern) => {
      const layout = modelLayout({ kind: 'gpt', layers: 5, width: 4, heads: 1, context: 3, vocabulary: 7 })
      const vector = Float32Array.from({ length: layout.size }, (_, index) => index)
      const copy = new Float32Array(layout.size)
      for (const fragment of planFragments(layout, count, pattern)) {
        const values = gather(vector, fragment)
        const before = copy.slice()
        scatter(values, fragment, copy)
        expect(copy.filter((value, index) => value !== before[index]).length).toBeLessThanOrEqual(fragment.length)
        expect(gather(copy, fragment)).toEqual(values)
      }
      expect(copy).toEqual(vector)
    }))
  })
})
