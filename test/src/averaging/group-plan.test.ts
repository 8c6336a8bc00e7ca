import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adaptiveGraceMs, enoughMembers } from '../../../src/averaging/patience.ts'
import { isSoundPlan, planOf, sharesFor } from '../../../src/averaging/round-group-plan.ts'
import { decodeReference, encodeReference, fingerprintOf, takeOver } from '../../../src/averaging/round-reference.ts'
import type { Fragment } from '../../../src/averaging/fragments.ts'
import { thrownBy } from '../compression/thrown-by.ts'

describe('a plan', () => {
  it('covers the fragment exactly, in order, by whole values, whatever the shares', () => {
    const shares = fc.array(fc.nat(1000), { minLength: 1, maxLength: 64 }).filter(list => list.some(share => share > 0))
    fc.assert(fc.property(shares, fc.integer({ min: 1, max: 10_000_000 }), (list, length) => {
      const members = list.map((_, index) => `peer-${String(index).padStart(2, '0')}`)
      const { parts } = planOf(members, list, length)
      let at = 0
      for (const { start, end, owner } of parts) {
        expect([start, end > start]).toEqual([at, true])
        const due = length * list[members.indexOf(owner!)]! / list.reduce((sum, share) => sum + share, 0)
        expect(Math.abs(end - start - due)).toBeLessThanOrEqual(1)
        at = end
      }
      expect(at).toBe(length)
    }))
  })

  it('has an identity that follows members and shares', () => {
    const id = planOf(['a', 'b'], [1, 1], 10).id
    expect(planOf(['a', 'b'], [1, 1], 10).id).toBe(id)
    expect(planOf(['a', 'b'], [1, 2], 10).id).not.toBe(id)
    expect(planOf(['a', 'c'], [1, 1], 10).id).not.toBe(id)
  })

  it('that makes no sense is seen', () => {
    expect(isSoundPlan(['a', 'b'], [1, 0])).toBe(true)
    for (const [members, shares] of [[['b', 'a'], [1, 1]], [['a', 'a'], [1, 1]], [['a', 'b'], [1]], [['a', 'b'], [0, 0]], [[], []]] as Array<[string[], number[]]>) {
      expect(isSoundPlan(members, shares)).toBe(false)
    }
  })

  it('gives parts by measured upload, and those of unknown rate the middle', () => {
    const view = ['b', 'c', 'd'].map((peerId, index) => ({ peerId, round: 0, step: 0, training: true, uploadBytesPerSecond: [400, undefined, 100][index] }))
    expect(sharesFor(['a', 'b', 'c', 'd'], view, 'a', 200)).toEqual([500, 1000, 500, 250])
    expect(sharesFor(['a', 'b'], [], 'a', undefined)).toEqual([1000, 1000])
  })
})

describe('patience with a quorum', () => {
  it('spends half of the slack that is left, and a round trip where there is none', () => {
    expect(adaptiveGraceMs(10_000, 2000, 30_000)).toBe(4000)
    expect(adaptiveGraceMs(0, 500, 30_000)).toBe(300)
    expect(adaptiveGraceMs(1e6, 0, 30_000)).toBe(30_000)
  })

  it('waits for as many as pay: all of them when they come close together, the quorum when the rest is far behind', () => {
    expect(enoughMembers(2, 8, [], 10_000, 5000)).toBe(2)
    expect(enoughMembers(2, 4, [[10, 20, 30]], 10_000, 5000)).toBe(4)
    expect(enoughMembers(2, 4, [[10, 20, 9000]], 10_000, 5000)).toBe(3)
    expect(enoughMembers(2, 4, [[10], [12], [9]], 10_000, 5000)).toBe(2)
    expect(enoughMembers(4, 4, [[10]], 10_000, 5000)).toBe(4)
    // brute force: the count of largest k/(k+1) a second
    const arrivals = [[5, 700, 1500, 4000, 4100], [9, 650, 1400, 3900, 6000]]
    const rate = (count: number): number => count / (count + 1) / (2000 + (count < 2 ? 0 : (arrivals[0]![count - 2]! + arrivals[1]![count - 2]!) / 2))
    const best = [2, 3, 4, 5, 6].reduce((one, other) => rate(other) > rate(one) ? other : one)
    expect(enoughMembers(2, 6, arrivals, 2000, 5000)).toBe(best)
  })
})

describe('slow weights that a member takes over', () => {
  const fragment: Fragment = { index: 0, ranges: [{ start: 1, end: 3 }, { start: 4, end: 5 }], length: 3, shapes: [[3]] }
  const group = { slow: new Float32Array([0, 1, 2, 0, 3]), momentum: new Float32Array([0, 4, 5, 0, 6]) }

  it('arrive to the bit, keep what the fast weights learned, and leave other fragments alone', () => {
    const own = { slow: new Float32Array([9, 9, 9, 9, 9]), momentum: new Float32Array(5) }
    const fast = new Float32Array([7, 10, 9.5, 7, 8])
    expect(fingerprintOf(own, fragment)).not.toBe(fingerprintOf(group, fragment))
    takeOver(decodeReference(encodeReference(group, fragment), own, fragment), own, fragment, fast)
    expect(own).toEqual({ slow: new Float32Array([9, 1, 2, 9, 3]), momentum: new Float32Array([0, 4, 5, 0, 6]) })
    expect(fast).toEqual(new Float32Array([7, 2, 2.5, 7, 2]))
    expect(fingerprintOf(own, fragment)).toBe(fingerprintOf(group, fragment))
  })

  it('are refused when they are of another length or no honest replica\'s', () => {
    const bytes = encodeReference(group, fragment)
    expect(thrownBy(() => decodeReference(bytes.subarray(4), group, fragment)).code).toBe('CODEC_CORRUPT')
    new DataView(bytes.buffer).setFloat32(4, NaN, true)
    expect(thrownBy(() => decodeReference(bytes, group, fragment)).why).toContain('NaN')
  })
})
