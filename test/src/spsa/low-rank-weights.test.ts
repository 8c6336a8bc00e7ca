import { describe, expect, it } from 'vitest'
import { createLayout, viewOf } from '../../../src/parameters/layout.ts'
import { adaptedWeights, adaptersOf, startAdapters } from '../../../src/spsa/low-rank-weights.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { bell } from './support.ts'

const layout = createLayout([{ name: 'norm', shape: [10] }, { name: 'weight', shape: [10, 7] }, { name: 'narrow', shape: [2, 2] }, { name: 'other', shape: [5, 9] }])
const base = heldWeights(bell(layout.size, 51))
const adapters = adaptersOf(layout, 2)

describe('low-rank factors', () => {
  it('stand beside the matrices that are larger than they are', () => {
    expect(adapters.parts.map(({ slot }) => slot.name)).toEqual(['weight', 'other'])
    expect(adapters.size).toBe(2 * (10 + 7) + 2 * (5 + 9))
    for (const rank of [0, 1.5, 20]) expect(() => adaptersOf(layout, rank)).toThrow(RangeError)
  })

  it('change nothing at the start: B is zero', () => {
    const factors = startAdapters(adapters, target => { target.fill(1) })
    expect(factors.filter(value => value === 1)).toHaveLength(2 * 7 + 2 * 9)
    expect(readAll(adaptedWeights(base, heldWeights(factors), adapters))).toEqual(readAll(base))
  })

  it('add scale · B·A to their matrices alone, whatever part is read', () => {
    const factors = bell(adapters.size, 52)
    const source = adaptedWeights(base, heldWeights(factors), adapters, 0.5)
    const [whole, plain] = [readAll(source), readAll(base)]
    for (const { slot, rows, columns, first } of adapters.parts) {
      viewOf(whole, slot).forEach((value, at) => {
        const [i, j] = [Math.floor(at / columns), at % columns]
        const product = [0, 1].reduce((sum, k) => sum + factors[first + 2 * i + k]! * factors[first + 2 * rows + k * columns + j]!, 0)
        expect(value).toBeCloseTo(viewOf(plain, slot)[at]! + 0.5 * product, 5)
      })
    }
    for (const name of ['norm', 'narrow']) {
      const slot = layout.slots.find(one => one.name === name)!
      expect(viewOf(whole, slot)).toEqual(viewOf(plain, slot))
    }
    const part = new Float32Array(60)
    source.read(23, part)
    expect(part).toEqual(whole.subarray(23, 83))
  })

  it('are what a direction perturbs: the weights stay', () => {
    const factors = perturbed(heldWeights(startAdapters(adapters, target => { target.fill(1) })), rademacher, [1, 2], 0.1)
    expect(readAll(adaptedWeights(base, factors, adapters))).not.toEqual(readAll(base))
  })
})
