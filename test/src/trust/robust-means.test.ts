import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillGaussian } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import { centeredClip } from '../../../src/trust/centered-clip.ts'
import { DistanceWatch, REFUSED_BEYOND } from '../../../src/trust/distance-watch.ts'
import { flagMean } from '../../../src/trust/flag-mean.ts'
import { coordinateMedian, trimmedMean } from '../../../src/trust/order-means.ts'
import { Repeats } from '../../../src/trust/repeats.ts'
import { robustMean, ROBUST_RULES } from '../../../src/trust/robust-rule.ts'
import { symmetricEigen } from '../../../src/trust/symmetric-eigen.ts'

const rules = ROBUST_RULES.filter(rule => rule !== 'mean')
const LENGTH = 40

function gaussian (seed: number, spread = 1, around = 0): Float32Array {
  const vector = new Float32Array(LENGTH)
  fillGaussian(vector, words(seed, 1), spread)
  return vector.map(value => value + around)
}

const distance = (one: Float32Array, other: Float32Array): number => Math.hypot(...one.map((value, at) => value - (other[at] as number)))
const plainMean = (vectors: readonly Float32Array[]): Float32Array => Float32Array.from({ length: LENGTH }, (_, at) => vectors.reduce((sum, vector) => sum + (vector[at] as number), 0) / vectors.length)

describe('coordinate-wise rules', () => {
  it('are those of sorted columns', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 3, maxLength: 3 }), { minLength: 3, maxLength: 12 }), rows => {
      const vectors = rows.map(row => Float32Array.from(row))
      const columns = [0, 1, 2].map(at => vectors.map(vector => vector[at] as number).sort((a, b) => a - b))
      const cut = Math.max(1, Math.floor(rows.length / 4))
      const kept = columns.map(column => column.slice(cut, column.length - cut))
      const middle = columns.map(column => ((column[Math.floor((column.length - 1) / 2)] as number) + (column[Math.floor(column.length / 2)] as number)) / 2)
      expect([...trimmedMean(vectors)]).toEqual(kept.map(column => Math.fround(column.reduce((sum, value) => sum + value, 0) / column.length)))
      expect([...coordinateMedian(vectors)]).toEqual(middle.map(Math.fround))
    }))
  })
})

describe('every rule', () => {
  const honest = [1, 2, 3, 4, 5, 6].map(seed => gaussian(seed, 0.1, 3))

  it.each(rules)('%s stays among six honest members, whatever two others send', rule => {
    const truth = plainMean(honest)
    const farthest = Math.max(...honest.map(vector => distance(vector, truth)))
    const attacks: ReadonlyArray<readonly [string, (seed: number) => Float32Array]> = [
      ['flipped', seed => gaussian(seed, 0.1, -3)], ['a thousandfold', seed => gaussian(seed, 100, 3000)], ['alike and far', () => new Float32Array(LENGTH).fill(50)]
    ]
    for (const [, attack] of attacks) {
      const result = robustMean(rule, [...honest, attack(7), attack(8)], 0, Infinity)
      expect(distance(result, truth)).toBeLessThan(1.5 * farthest)
    }
  })

  it.each(rules)('%s gives what all agree on, and changes nobody’s vector', rule => {
    const same = gaussian(1, 1, 2)
    const vectors = [same.slice(), same.slice(), same.slice(), same.slice()]
    const result = robustMean(rule, vectors, 1, 1)
    expect(distance(result, same)).toBeLessThan(1e-5)
    for (const vector of vectors) expect(vector).toEqual(same)
  })

  it.each(rules)('%s counts members in any order alike', rule => {
    const vectors = [...honest, gaussian(9, 5)]
    const turned = [...vectors].reverse()
    expect(distance(robustMean(rule, vectors, 0, 1), robustMean(rule, turned, turned.length - 1, 1))).toBeLessThan(1e-4)
  })

  it.each(rules)('%s clips a pair around the own vector', rule => {
    const [own, other] = [new Float32Array(LENGTH), new Float32Array(LENGTH).fill(1)]
    const radius = 2
    expect(distance(robustMean(rule, [own, other], 0, radius), own)).toBeCloseTo(radius / 2, 4)
    expect(distance(robustMean(rule, [own, other], 0, 100), own)).toBeCloseTo(Math.sqrt(LENGTH) / 2, 4)
  })
})

describe('centered clipping', () => {
  it('moves by no more than a member’s share of the radius for each liar', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 9 }), fc.double({ min: 0.1, max: 10, noNaN: true }), (count, radius) => {
      const own = gaussian(1)
      const vectors = [own, ...Array.from({ length: count - 1 }, (_, at) => gaussian(at + 2, 1e4))]
      expect(distance(centeredClip(vectors, own, radius), own)).toBeLessThanOrEqual((1 + 1e-5) * radius * (count - 1) / count)
    }))
  })
})

describe('the flag mean', () => {
  it('of vectors in a plane is their mean: nothing of them lies outside', () => {
    const [a, b] = [gaussian(1), gaussian(2)]
    const vectors = [[1, 0], [0, 1], [1, 1], [1, -1], [-1, 0.5]].map(([x = 0, y = 0]) => a.map((value, at) => x * value + y * (b[at] as number)))
    const lengthsAlike = vectors.map(vector => vector.map(value => value / Math.hypot(...vector)))
    const center = coordinateMedian(lengthsAlike)
    const norms = lengthsAlike.map(vector => distance(vector, center))
    const median = [...norms].sort((x, y) => x - y)[2] as number
    const shortened = lengthsAlike.map((vector, at) => vector.map((value, index) => (center[index] as number) + Math.min(1, median / (norms[at] as number)) * (value - (center[index] as number))))
    expect(distance(flagMean(lengthsAlike), plainMean(shortened))).toBeLessThan(0.2)
  })

  it('rests on eigenvectors that are', () => {
    const matrix = [[4, 1, 0.5], [1, 3, -0.2], [0.5, -0.2, 1]]
    const { values, vectors } = symmetricEigen(matrix)
    for (const [at, value] of values.entries()) {
      const column = vectors.map(row => row[at] as number)
      expect(Math.hypot(...column)).toBeCloseTo(1)
      matrix.forEach((row, index) => { expect(row.reduce((sum, entry, k) => sum + entry * (column[k] as number), 0)).toBeCloseTo(value * (column[index] as number)) })
    }
  })
})

describe('what is usual', () => {
  const observe = (watch: DistanceWatch, distances: readonly number[], from = 0): void => { distances.forEach((distance, at) => { watch.observe(`member ${from + at}`, distance) }) }

  it('follows the median of members, which a minority cannot move past an honest distance, however often it comes', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 1, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }), fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 30, maxLength: 30 }), (honest, lies) => {
      const watch = new DistanceWatch()
      lies.forEach((lie, at) => { watch.observe(`liar ${at % 5}`, lie) })
      observe(watch, honest)
      expect(watch.usual(0)).toBeGreaterThanOrEqual(1)
      expect(watch.usual(0)).toBeLessThanOrEqual(2)
    }))
  })

  it('is what this peer’s own way lets expect until enough members are known, and at least that ever after', () => {
    const watch = new DistanceWatch()
    expect(watch.limit(0)).toBe(Infinity)
    expect(watch.limit(1)).toBeCloseTo(REFUSED_BEYOND * Math.SQRT2)
    observe(watch, [1e6, 1e6])
    expect(watch.usual(1)).toBeCloseTo(Math.SQRT2)
    observe(watch, [5, 5, 5, 5, 5])
    expect(watch.usual(1)).toBe(5)
    expect(watch.usual(100)).toBeCloseTo(100 * Math.SQRT2)
    for (const nonsense of [NaN, Infinity, -1]) watch.observe('member 0', nonsense)
    expect(watch.usual(0)).toBe(5)
  })

  it('fades after a long way alone, as rounds are averaged', () => {
    const watch = new DistanceWatch()
    watch.met(16)
    expect(watch.usual(1)).toBeCloseTo(12 * Math.SQRT2)
    for (let round = 0; round < 12; round++) watch.met(1)
    expect(watch.usual(1)).toBeCloseTo(Math.SQRT2)
  })

  it('follows a swarm that really drifts apart', () => {
    const watch = new DistanceWatch()
    observe(watch, new Array<number>(20).fill(1))
    observe(watch, new Array<number>(8).fill(1000))
    observe(watch, new Array<number>(8).fill(1000), 12)
    expect(watch.usual(0)).toBe(1000)
  })
})

describe('payloads that were sent before', () => {
  const payload = Uint8Array.from({ length: 100 }, (_, at) => at)

  it('are known again for as long as they are remembered, and short ones never', () => {
    const repeats = new Repeats()
    repeats.remember(payload, 'somebody sent in round 3')
    expect(repeats.find(payload.slice())).toBe('somebody sent in round 3')
    expect(repeats.find(payload.map(value => value ^ 1))).toBeUndefined()
    repeats.remember(payload.subarray(0, 8), 'a short one')
    expect(repeats.find(payload.subarray(0, 8))).toBeUndefined()
    for (let other = 0; other < 256; other++) repeats.remember(Uint8Array.from({ length: 80 }, () => other), '')
    expect(repeats.find(payload)).toBeUndefined()
  })
})
