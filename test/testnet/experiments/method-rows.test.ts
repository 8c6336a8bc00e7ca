import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mergeOnTheWire } from '../../../testnet/experiments/method-merge.ts'
import { frontOf } from '../../../testnet/experiments/method-rows.ts'
import type { Offer } from '../../../testnet/experiments/method-rows.ts'

const offers = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 20 }), loss: fc.integer({ min: 0, max: 20 }) })).map(points => points.map(({ bytes, loss }) => {
  return { bytes, loss: { mean: loss, margin: 0, count: 1 } } as Offer
}))

it('nothing beats a member of the front, and something is as good as whatever is not on it', () => {
  fc.assert(fc.property(offers, all => {
    const front = frontOf(all)
    for (const member of front) expect(all.some(({ bytes, loss }) => bytes <= member.bytes && loss.mean <= member.loss.mean && (bytes < member.bytes || loss.mean < member.loss.mean))).toBe(false)
    for (const other of all) expect(front.some(({ bytes, loss }) => bytes <= other.bytes && loss.mean <= other.loss.mean)).toBe(true)
  }))
})

it('a merge is the mean to within the codec’s step, at two passes over the other members’ share', () => {
  const replicas = Array.from({ length: 4 }, (_, peer) => Float32Array.from({ length: 640 }, (_, index) => Math.sin(index + peer)))
  const { weights, bytes } = mergeOnTheWire(replicas)
  weights.forEach((value, index) => {
    const mean = replicas.reduce((sum, replica) => sum + (replica[index] as number), 0) / 4
    expect(Math.abs(value - mean)).toBeLessThan(2 / 127)
  })
  expect(bytes).toBeGreaterThan(2 * 640 * 3 / 4)
  expect(bytes).toBeLessThan(2 * 640 * 1.1 * 3 / 4)
})
