import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerBytes, seal } from '../../../src/compression/header.ts'
import { ModuloReceiver, ModuloSender, blockSpreads } from '../../../src/compression/modulo.ts'
import { ShoalError } from '../../../src/errors.ts'
import { words } from '../../../src/random/words.ts'
import { gaussian } from './draws.ts'
import { thrownBy } from './thrown-by.ts'

const BLOCK = 64

/** Differences with heavy tails: one in a thousand is thirty times as large. */
function replicas (length: number, spread: number, seed: number, size = 0.05): readonly [Float32Array, Float32Array] {
  const one = gaussian(length, seed, size)
  const source = words(seed, 91)
  const difference = gaussian(length, seed + 1000, spread)
  return [one, one.map((value, index) => value + (difference[index] as number) * (source.next() % 1000 === 0 ? 30 : 1))]
}

/** The exchange to its end; returns the receiver's result and what travelled. */
function exchange (own: Float32Array, reference: Float32Array, bounds: Float32Array, step: number, block = BLOCK): { sender: ModuloSender, decoded: Float32Array, bytes: number, widenings: number } {
  const sender = new ModuloSender(own, bounds, { step, block, seed: 4 })
  const message = sender.message()
  const receiver = new ModuloReceiver(message, reference, block)
  let bytes = message.length
  let widenings = 0
  for (let request = receiver.request(); request !== undefined; request = receiver.request()) {
    const widening = sender.widening(request)
    bytes += request.length + widening.length
    widenings++
    receiver.widen(widening)
  }
  return { sender, decoded: receiver.decoded!, bytes, widenings }
}

describe('side information', () => {
  it('decodes within half a step whatever the replicas and the bounds, and to the bit what the sender expects', () => {
    const spreads = fc.record({ length: fc.integer({ min: 1, max: 400 }), spread: fc.double({ min: 1e-6, max: 10, noNaN: true }), bound: fc.double({ min: 0, max: 0.1, noNaN: true }), seed: fc.nat(1000) })
    fc.assert(fc.property(spreads, ({ length, spread, bound, seed }) => {
      const [own, reference] = replicas(length, spread, seed)
      const step = 0.001
      const { sender, decoded } = exchange(own, reference, new Float32Array(Math.ceil(length / BLOCK)).fill(bound), step)
      expect(decoded).toEqual(sender.decoded)
      decoded.forEach((value, index) => expect(Math.abs(value - own[index]!)).toBeLessThan(0.5001 * step))
    }))
  })

  it('needs no widening where the bounds hold, and some where they do not', () => {
    const [own, reference] = replicas(4096, 0.001, 3)
    const bounds = blockSpreads(own, reference, BLOCK)
    expect(exchange(own, reference, bounds, 0.0005).widenings).toBe(0)
    expect(exchange(own, reference, bounds.map(bound => bound / 40), 0.0005).widenings).toBeGreaterThan(0)
  })

  it('costs bits by the distance of replicas, not by the size of weights', () => {
    const bitsAt = (size: number, spread: number): number => {
      const own = gaussian(65_536, 1, size)
      const reference = gaussian(65_536, 2, spread).map((value, index) => value + own[index]!)
      const bounds = new Float32Array(65_536 / 256).fill(4.5 * spread)
      return 8 * exchange(own, reference, bounds, spread, 256).bytes / own.length
    }
    expect(Math.abs(bitsAt(100, 0.01) - bitsAt(0.1, 0.01))).toBeLessThan(0.02)
    expect(bitsAt(1, 0.001)).toBeLessThan(4.2)
  })

  it('pays for outliers where they are', () => {
    const [own, reference] = replicas(65_536, 0.001, 5)
    const typical = new Float32Array(65_536 / BLOCK).fill(0.005)
    const safe = new Float32Array(65_536 / BLOCK).fill(Math.max(...blockSpreads(own, reference, BLOCK)))
    expect(exchange(own, reference, typical, 0.001).bytes).toBeLessThan(0.95 * exchange(own, reference, safe, 0.001).bytes)
  })

  it('keeps the mean exact: what both sides decode moves their sum by nothing', () => {
    const [one, other] = replicas(2048, 0.01, 8)
    const bounds = blockSpreads(one, other, BLOCK)
    const there = exchange(one, other, bounds, 0.004)
    const back = exchange(other, one, bounds, 0.004)
    one.forEach((value, index) => {
      const moved = value + 0.5 * (back.decoded[index]! - there.sender.decoded[index]!)
      const movedOther = other[index]! + 0.5 * (there.decoded[index]! - back.sender.decoded[index]!)
      expect(moved + movedOther).toBeCloseTo(value + other[index]!, 6)
    })
  })

  it('refuses damaged, foreign and hostile messages without a crash, a loop or a value that is not finite', () => {
    const [own, reference] = replicas(300, 0.01, 2)
    const message = new ModuloSender(own, new Float32Array(5).fill(0.02), { step: 0.01, block: BLOCK, seed: 1 }).message()
    const damage = fc.array(fc.record({ at: fc.integer({ min: headerBytes('modulo(64)'), max: message.length - 1 }), byte: fc.nat(255) }), { minLength: 1, maxLength: 5 })
    fc.assert(fc.property(damage, fc.boolean(), fc.integer({ min: -9, max: 9 }), (places, resealed, longer) => {
      const damaged = new Uint8Array(message.length + longer)
      damaged.set(message.subarray(0, damaged.length))
      for (const { at, byte } of places) if (at < damaged.length) damaged[at] = byte
      if (resealed) seal(damaged)
      try {
        const receiver = new ModuloReceiver(damaged, reference, BLOCK)
        expect((receiver.decoded ?? new Float32Array(1)).every(Number.isFinite)).toBe(true)
        // Forged widenings run out of width.
        for (let round = 0; receiver.request() !== undefined; round++) {
          expect(round).toBeLessThan(12)
          receiver.widen(new ModuloSender(own, new Float32Array(5), { step: 0.01, block: BLOCK, seed: 1 }).widening(receiver.request()!))
        }
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ShoalError)
      }
    }), { numRuns: 300 })
    expect(thrownBy(() => new ModuloReceiver(message, reference.subarray(1), BLOCK)).code).toBe('CODEC_CORRUPT')
    expect(thrownBy(() => new ModuloReceiver(new Uint8Array(20), reference, BLOCK)).code).toBe('CODEC_CORRUPT')
  })

  it.each([NaN, Infinity, 1e30])('refuses to send %s', bad => {
    const values = gaussian(100)
    values[50] = bad
    expect(thrownBy(() => new ModuloSender(values, new Float32Array(2), { step: 0.001, block: BLOCK, seed: 0 })).code).toBe('CODEC_CORRUPT')
  })
})
