import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shortId } from '../../../src/membership/short-id.ts'
import { findPeer, gatheredPeers, trainingPeers, upperMedian } from '../../../src/membership/view.ts'

describe('a view', () => {
  const view = [{ peerId: 'a', round: 1, step: 10, training: true }, { peerId: 'b', round: 2, step: 20, training: false }]

  it('tells who trains and who is who', () => {
    expect(trainingPeers(view).map(({ peerId }) => peerId)).toEqual(['a'])
    expect(gatheredPeers([...view, { peerId: 'c', round: 0, step: 0, training: false }]).map(({ peerId }) => peerId)).toEqual(['a', 'b'])
    expect(findPeer(view, 'b')?.round).toBe(2)
    expect(findPeer(view, 'c')).toBeUndefined()
  })
})

describe('upperMedian', () => {
  it('is the middle value, the upper one of two', () => {
    expect([[], [4], [9, 1], [3, 1, 2], [4, 1, 3, 2]].map(upperMedian)).toEqual([undefined, 4, 9, 2, 3])
  })

  it('cannot be moved past an honest value by a minority', () => {
    fc.assert(fc.property(fc.array(fc.nat(50), { minLength: 3, maxLength: 20 }), fc.array(fc.nat(1_000_000), { maxLength: 2 }), (honest, liars) => {
      const median = upperMedian([...honest, ...liars])!
      expect(median).toBeGreaterThanOrEqual(Math.min(...honest))
      expect(median).toBeLessThanOrEqual(Math.max(...honest))
    }))
  })

  it('leaves its argument in order', () => {
    const values = [3, 1, 2]
    upperMedian(values)
    expect(values).toEqual([3, 1, 2])
  })
})

describe('shortId', () => {
  it('shows both ends of a long id and all of a short one', () => {
    expect(shortId('12D3KooWAbcdEfgh1234')).toBe('12D3…1234')
    expect(shortId('peer-1')).toBe('peer-1')
  })
})
