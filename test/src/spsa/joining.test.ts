import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attestedOffer, decideJoin } from '../../../src/spsa/joining.ts'
import type { SnapshotOffer } from '../../../src/spsa/one-byte-messages.ts'

const offer = (step: number, changes: Partial<SnapshotOffer> = {}): SnapshotOffer => ({ step, fingerprint: `f${step}`, modelHash: `m${step}`, heldFrom: 0, bytes: 900, openBytes: 100, ...changes })

describe('a snapshot that members tell of', () => {
  it('needs two who tell the same, where there are two', () => {
    expect(attestedOffer(new Map())).toBeUndefined()
    expect(attestedOffer(new Map([['a', offer(32)]]))?.by).toEqual(['a'])
    expect(attestedOffer(new Map([['a', offer(32)], ['b', offer(64)]]))).toBeUndefined()
    expect(attestedOffer(new Map([['a', offer(32)], ['b', offer(32, { modelHash: 'other' })]]))).toBeUndefined()
  })

  it('is the newest of those', () => {
    const offers = new Map([['a', offer(32)], ['b', offer(32)], ['c', offer(32)], ['d', offer(64)], ['e', offer(64)], ['liar', offer(128)]])
    expect(attestedOffer(offers)).toMatchObject({ offer: { step: 64 }, by: ['d', 'e'] })
  })
})

describe('a joiner', () => {
  it('replays up to the crossover and downloads beyond it', () => {
    const costs = { snapshotBytes: 4e6, bytesAScalar: 1, window: 16, secondsPerByte: 0.001, bytesPerSecond: 1.25e6 }
    const secondsOfOne = 0.001 + (1 + 150 / 16) / 1.25e6
    const crossover = 100 + 4e6 / 1.25e6 / secondsOfOne
    expect(decideJoin(offer(512), { ...costs, lackedBytes: Math.floor(crossover) }).kind).toBe('replay')
    expect(decideJoin(offer(512), { ...costs, lackedBytes: Math.ceil(crossover) }).kind).toBe('snapshot')
  })

  it('takes what is told to be faster', () => {
    fc.assert(fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (lackedBytes, parameters, bytesPerSecond) => {
      const { kind, replaySeconds, snapshotSeconds } = decideJoin(offer(512), { snapshotBytes: 4 * parameters, bytesAScalar: 1, lackedBytes, window: 16, secondsPerByte: parameters / 2e9, bytesPerSecond })
      expect(kind).toBe(replaySeconds <= snapshotSeconds ? 'replay' : 'snapshot')
    }))
  })
})
