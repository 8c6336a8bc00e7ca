import { describe, expect, it } from 'vitest'
import { consensusDistance, meanOfReplicas } from '../../../src/parameters/consensus.ts'
import { createLayout, layoutHash, viewOf } from '../../../src/parameters/layout.ts'

describe('consensus over replicas', () => {
  it('is their mean, and their distance relative to its size', () => {
    const replicas = [Float32Array.of(3, 4), Float32Array.of(3, 6)]
    expect([...meanOfReplicas(replicas)]).toEqual([3, 5])
    expect(consensusDistance(replicas)).toBeCloseTo(1 / Math.sqrt(34), 6)
  })

  it('is 0 for replicas that agree', () => {
    const replica = Float32Array.of(1, -2, 3)
    expect(consensusDistance([replica, replica.slice()])).toBe(0)
  })

  it('refuses none, and unlike lengths', () => {
    expect(() => meanOfReplicas([])).toThrow(RangeError)
    expect(() => meanOfReplicas([new Float32Array(2), new Float32Array(3)])).toThrow(RangeError)
  })
})

describe('a parameter layout', () => {
  const layout = createLayout([{ name: 'a', shape: [2, 3] }, { name: 'b', shape: [4] }])

  it('lays tensors one after the other', () => {
    expect(layout.slots.map(slot => [slot.name, slot.offset, slot.size])).toEqual([['a', 0, 6], ['b', 6, 4]])
    expect(layout.size).toBe(10)
  })

  it('gives views, not copies', () => {
    const vector = new Float32Array(layout.size)
    viewOf(vector, layout.slots[1]!).fill(7)
    expect([...vector]).toEqual([0, 0, 0, 0, 0, 0, 7, 7, 7, 7])
  })

  it('has a fingerprint that changes with any name, shape or order', () => {
    const others = [
      createLayout([{ name: 'a', shape: [3, 2] }, { name: 'b', shape: [4] }]),
      createLayout([{ name: 'c', shape: [2, 3] }, { name: 'b', shape: [4] }]),
      createLayout([{ name: 'b', shape: [4] }, { name: 'a', shape: [2, 3] }])
    ]
    expect(new Set([layout, ...others].map(layoutHash)).size).toBe(4)
  })

  it('refuses two tensors of one name, and dimensions that are no natural numbers', () => {
    expect(() => createLayout([{ name: 'a', shape: [1] }, { name: 'a', shape: [1] }])).toThrow(RangeError)
    expect(() => createLayout([{ name: 'a', shape: [0] }])).toThrow(RangeError)
  })
})
