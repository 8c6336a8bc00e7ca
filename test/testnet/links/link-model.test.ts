import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { words } from '../../../src/random/words.ts'
import { Bucket } from '../../../testnet/links/bucket.ts'
import { LinkBook, OUTSIDE } from '../../../testnet/links/link-book.ts'
import { rateUnderLoss, repeatMs, SEGMENT_BYTES } from '../../../testnet/links/tcp-loss.ts'
import { megabits, UNSHAPED } from '../../../testnet/links/path.ts'

describe('a bucket', () => {
  it('lets bytes through at its rate, one after the other, whenever it is asked', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(1000), fc.nat(100_000)), { minLength: 1, maxLength: 30 }), asked => {
      const bucket = new Bucket(1000)
      let [nowMs, throughMs] = [0, 0]
      for (const [waitMs, bytes] of asked) {
        nowMs += waitMs
        const previousMs = throughMs
        throughMs = bucket.reserve(nowMs, bytes)
        expect(throughMs - Math.max(nowMs, previousMs)).toBeCloseTo(bytes, 6)
      }
    }))
  })

  it('costs nothing without a limit', () => {
    expect(new Bucket(Infinity).reserve(5, 1e9)).toBe(5)
  })
})

describe('loss', () => {
  it('costs a connection rate by its root, and a last packet the time until it is sent again', () => {
    expect(rateUnderLoss(0, 100)).toBe(Infinity)
    expect(rateUnderLoss(0.01, 100) / rateUnderLoss(0.04, 100)).toBeCloseTo(2, 9)
    expect(rateUnderLoss(0.01, 100)).toBeCloseTo(10 * 1.22 * 10 * SEGMENT_BYTES, 6)
    const random = words(1, 2)
    const late = Array.from({ length: 4000 }, () => repeatMs(0.1, 30, random)).filter(ms => ms > 0)
    expect(new Set(late)).toEqual(new Set([200]))
    expect(late.length / 4000).toBeCloseTo(0.1, 1)
    expect(repeatMs(1, 500, random)).toBe(500)
  })
})

describe('a link book', () => {
  const book = (): LinkBook => {
    const links = new LinkBook()
    links.shape('A', { ...UNSHAPED, up: megabits(1), delay: 10, jitter: 1, loss: 0.5, reset: 1000 })
    links.shape('B', { ...UNSHAPED, delay: 30, loss: 0.5, reset: 1000 })
    return links
  }

  it('adds up both lines and what lies between them in one direction', () => {
    const links = book()
    expect(links.path('A', 'B')).toMatchObject({ delayMs: 40, jitterMs: 1, loss: 0.75, resetMs: 500 })
    links.route('A', 'B', { ...UNSHAPED, delay: 5, up: 1 })
    expect([links.path('A', 'B').delayMs, links.path('B', 'A').delayMs]).toEqual([45, 40])
    expect([links.buckets('A', 'B').route?.bytesPerSecond, links.buckets('B', 'A').route]).toEqual([1, undefined])
    expect(links.path('A', OUTSIDE)).toMatchObject({ delayMs: 10, resetMs: 1000 })
  })

  it('has one uplink a peer, which changes while it is in use', () => {
    const links = book()
    const { uplink } = links.line('A')
    expect(uplink.reserve(0, 125_000)).toBe(1000)
    links.shape('A', { ...UNSHAPED, up: megabits(2) })
    expect(uplink.reserve(0, 125_000)).toBe(1500)
    expect(links.line('A').uplink).toBe(uplink)
  })

  it('keeps the sides of a partition apart, those not named on one more', () => {
    const links = book()
    let told = 0
    links.onChange(() => { told++ })
    links.partition([['A'], ['B', 'C']])
    expect([links.isOpen('A', 'B'), links.isOpen('B', 'C'), links.isOpen('D', 'E'), links.isOpen('D', 'A')]).toEqual([false, true, true, false])
    expect(links.sides).toEqual([['A'], ['B', 'C']])
    links.heal()
    expect([links.isOpen('A', 'B'), links.sides, told]).toEqual([true, [], 2])
  })

  it('lets nothing over a line for as long as anything stalls it', () => {
    const links = book()
    const [first, second] = [links.stall('A'), links.stall('A')]
    expect([links.isOpen('A', 'B'), links.isOpen('B', 'A'), links.isOpen('B', 'C')]).toEqual([false, false, true])
    first()
    expect(links.isOpen('A', 'B')).toBe(false)
    second()
    expect(links.isOpen('A', 'B')).toBe(true)
  })
})
