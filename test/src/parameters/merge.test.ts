import { describe, expect, it } from 'vitest'
import { createLayout, viewOf } from '../../../src/parameters/layout.ts'
import { mergeByLabel, mergeReplicas } from '../../../src/parameters/merge.ts'
import { areUncorrelated, momentsOf, restoreVariance, variancesOf } from '../../../src/parameters/variance.ts'
import { seeded } from '../averaging/seeded.ts'

const layout = createLayout([{ name: 'a', shape: [40, 50] }, { name: 'b', shape: [500] }, { name: 'gain', shape: [8] }])

/** Replicas with a share of their values in common; gains are 1 everywhere. */
function replicas (count: number, inCommon: number): Float32Array[] {
  const random = seeded(5)
  const draw = (): Float32Array => Float32Array.from({ length: layout.size }, (_, at) => at >= 2500 ? 1 : (random() - 0.5) * (at < 2000 ? 1 : 3) + (at < 2000 ? 0 : 2))
  const common = draw()
  return Array.from({ length: count }, () => draw().map((value, at) => inCommon * common[at]! + (1 - inCommon) * value))
}

describe('variance', () => {
  it('vanishes in the mean of uncorrelated replicas, and is restored tensor by tensor', () => {
    const starts = replicas(4, 0)
    const targets = variancesOf(starts, layout)
    expect(areUncorrelated(starts, layout)).toBe(true)
    const { weights, varianceRestored } = mergeReplicas(starts.map(values => ({ weights: values, tokens: 1 })))
    expect(varianceRestored).toBe(false)
    layout.slots.slice(0, 2).forEach((slot, index) => { expect(momentsOf(viewOf(weights, slot)).variance / targets[index]!).toBeCloseTo(1 / 4, 1) })
    const means = layout.slots.map(slot => momentsOf(viewOf(weights, slot)).mean)
    restoreVariance(weights, layout, targets)
    layout.slots.forEach((slot, index) => {
      const moments = momentsOf(viewOf(weights, slot))
      expect(moments.variance).toBeCloseTo(targets[index]!, 5)
      expect(moments.mean).toBeCloseTo(means[index]!, 5)
    })
    expect([...viewOf(weights, layout.slots[2]!)]).toEqual(Array(8).fill(1))
  })

  it('is left alone where replicas share a genesis', () => {
    const starts = replicas(4, 0.9)
    expect(areUncorrelated(starts, layout)).toBe(false)
    expect(areUncorrelated([starts[0]!], layout)).toBe(false)
    const inputs = starts.map(weights => ({ weights, tokens: 1 }))
    expect(mergeReplicas(inputs, layout)).toEqual(mergeReplicas(inputs))
  })
})

describe('mergeReplicas', () => {
  it('is the token-weighted mean, and says what it closed', () => {
    const merged = mergeReplicas([{ weights: Float32Array.of(0, 4), tokens: 300 }, { weights: Float32Array.of(4, 0), tokens: 100 }])
    expect([...merged.weights]).toEqual([1, 3])
    expect(merged.shares).toEqual([0.75, 0.25])
    expect(merged.spreadBefore).toBeCloseTo(1, 6)
    expect(mergeReplicas([{ weights: Float32Array.of(1), tokens: 0 }, { weights: Float32Array.of(2), tokens: 0 }]).weights[0]).toBe(1.5)
  })

  it('restores the variance of replicas without a genesis in common', () => {
    const starts = replicas(4, 0)
    const merged = mergeReplicas(starts.map(weights => ({ weights, tokens: 1 })), layout)
    expect(merged.varianceRestored).toBe(true)
    expect(variancesOf([merged.weights], layout)[0]).toBeCloseTo(variancesOf(starts, layout)[0]!, 5)
  })

  it('refuses none, unlike lengths and tokens that are no numbers', () => {
    expect(() => mergeReplicas([])).toThrow(RangeError)
    expect(() => mergeReplicas([{ weights: new Float32Array(1), tokens: 1 }, { weights: new Float32Array(2), tokens: 1 }])).toThrow(RangeError)
    for (const tokens of [-1, NaN, Infinity]) expect(() => mergeReplicas([{ weights: new Float32Array(1), tokens }])).toThrow(RangeError)
  })

  it('keeps experts by label', () => {
    const experts = mergeByLabel([
      { weights: Float32Array.of(1), tokens: 1, label: 'poems' }, { weights: Float32Array.of(5), tokens: 1, label: 'law' }, { weights: Float32Array.of(3), tokens: 1, label: 'poems' }
    ])
    expect([...experts].map(([label, { weights }]) => [label, weights[0]])).toEqual([['law', 5], ['poems', 2]])
  })
})
