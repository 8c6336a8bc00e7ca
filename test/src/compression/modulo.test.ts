import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import { headerBytes, seal } from '../../../src/compression/header.ts'
import { MOST_WIDENINGS, createReferencedCodec, isReferenced } from '../../../src/compression/referenced-codec.ts'
import { blockSpreads, initialSpreads, learnedSpreads } from '../../../src/compression/spreads.ts'
import { words } from '../../../src/random/words.ts'
import { gaussian, meanSquaredError } from './draws.ts'
import { exchange } from './exchange.ts'
import { thrownBy } from './thrown-by.ts'

const BLOCK = 64
const codec = createReferencedCodec('modulo(4,64) | rans')

/** Differences with heavy tails: one in a thousand is thirty times as large. */
function replicas (length: number, spread: number, seed: number, size = 0.05): readonly [Float32Array, Float32Array] {
  const one = gaussian(length, seed, size)
  const source = words(seed, 91)
  const difference = gaussian(length, seed + 1000, spread)
  return [one, one.map((value, index) => value + (difference[index] as number) * (source.next() % 1000 === 0 ? 30 : 1))]
}

function evenSpreads (length: number, spread: number, block = BLOCK): Float32Array {
  return new Float32Array(Math.ceil(length / block)).fill(spread)
}

/** Of differences of this spread at so many bits; the error of a decoded value is within half of it. */
function stepAt (spread: number, bits: number): number {
  return 4.132731354122493 * spread / 2 ** bits
}

describe('a codec against a reference', () => {
  it.each([
    ['modulo(4)', 'modulo(4,64)'], [' modulo(2.5, 64)|rans', 'modulo(2.5,64) | rans']
  ])('is written canonically: %j', (given, canonical) => {
    expect(createReferencedCodec(given).spec).toBe(canonical)
    expect(isReferenced(given)).toBe(true)
  })

  it.each(['modulo', 'modulo(4,63)', 'modulo(40)', 'modulo(4) | int8', 'rans', 'modulo(4) | rans | rans', 'topk(0.1) | modulo(4)', ''])('refuses %j', spec => {
    expect(thrownBy(() => createReferencedCodec(spec)).code).toBe('CODEC_SPEC')
  })

  it('is no codec by itself, and says so', () => {
    expect(thrownBy(() => createCodec('modulo(4) | rans')).why).toContain('the weights of the receiver')
    expect(isReferenced('uniform(4) | rans')).toBe(false)
  })
})

describe('side information', () => {
  it('decodes within half a step whatever the replicas and the spreads believed, to the bit what the sender expects, and shows nothing before', () => {
    const cases = fc.record({
      length: fc.integer({ min: 1, max: 400 }), spread: fc.double({ min: 1e-6, max: 10, noNaN: true }), believed: fc.double({ min: 1e-4, max: 0.1, noNaN: true }), seed: fc.nat(1000),
      spec: fc.constantFrom('modulo(4,64) | rans', 'modulo(3,64)', 'modulo(0,64) | rans')
    })
    fc.assert(fc.property(cases, ({ length, spread, believed, seed, spec }) => {
      const [own, reference] = replicas(length, spread, seed)
      const { bits, decoded, sender } = exchange(createReferencedCodec(spec), own, reference, evenSpreads(length, believed), seed)
      expect(decoded).toEqual(sender.decoded)
      expect(bits).toBeGreaterThan(0)
      const step = stepAt(believed, Number(/\d/.exec(spec)?.[0]))
      decoded.forEach((value, index) => expect(Math.abs(value - own[index]!)).toBeLessThan(0.5001 * step))
    }))
  })

  it('needs few widenings where the spreads hold, and some where they do not', () => {
    const own = gaussian(65_536, 3)
    const reference = gaussian(65_536, 4, 0.001).map((value, index) => value + own[index]!)
    const spreads = evenSpreads(own.length, 0.001)
    // Three and more of 64 values beyond two and a half spreads: one block in 20.
    expect(exchange(codec, own, reference, spreads).widenedBlocks).toBeLessThan(100)
    expect(exchange(codec, own, reference, spreads.map(spread => spread / 10)).widenedBlocks).toBeGreaterThan(1000)
  })

  it('costs bits by the distance of replicas, not by the size of weights: within 0.8 bit of what the difference itself would cost', () => {
    const bitsAt = (size: number, spread: number): number => {
      const own = gaussian(65_536, 1, size)
      const reference = gaussian(65_536, 2, spread).map((value, index) => value + own[index]!)
      return exchange(codec, own, reference, evenSpreads(own.length, spread)).bits / own.length
    }
    expect(Math.abs(bitsAt(100, 0.01) - bitsAt(0.1, 0.01))).toBeLessThan(0.05)
    expect(bitsAt(1, 0.001)).toBeLessThan(4.8)
  })

  it('errs by what its step says', () => {
    const [own, reference] = replicas(65_536, 0.001, 6)
    const { decoded } = exchange(codec, own, reference, evenSpreads(own.length, 0.001))
    expect(meanSquaredError(own, decoded) / (stepAt(0.001, 4) ** 2 / 12)).toBeCloseTo(1, 1)
  })

  it('never shows an aliased value, however heavy the tails: it widens until all is right', () => {
    for (const share of [2, 5, 30, 300]) {
      const source = words(share, 92)
      const own = gaussian(8192, share)
      const reference = own.map(value => value + 0.001 * (source.next() % share === 0 ? 500 * (source.next() / 2 ** 31 - 1) : source.next() / 2 ** 31 - 1))
      const { decoded, sender, rounds } = exchange(codec, own, reference, evenSpreads(own.length, 0.0005))
      expect(decoded).toEqual(sender.decoded)
      expect(rounds).toBeGreaterThan(0)
      expect(rounds).toBeLessThanOrEqual(MOST_WIDENINGS)
    }
  })

  it('pays for outliers where they are', () => {
    const [own, reference] = replicas(65_536, 0.001, 5)
    const largest = Math.max(...blockSpreads(own, reference, BLOCK))
    expect(exchange(codec, own, reference, evenSpreads(own.length, 0.001)).bits).toBeLessThan(5.5 * own.length)
    expect(exchange(createReferencedCodec(`modulo(${4 + Math.log2(largest / 0.001)},64) | rans`.replace(/(\.\d{6})\d+/, '$1')), own, reference, evenSpreads(own.length, largest)).bits).toBeGreaterThan(7 * own.length)
  })

  it('keeps the mean exact: what both sides decode moves their sum by nothing', () => {
    const [one, other] = replicas(2048, 0.01, 8)
    const there = exchange(codec, one, other, evenSpreads(2048, 0.01), 1)
    const back = exchange(codec, other, one, evenSpreads(2048, 0.01), 2)
    one.forEach((value, index) => {
      const moved = value + 0.5 * (back.decoded[index]! - there.sender.decoded[index]!)
      const movedOther = other[index]! + 0.5 * (there.decoded[index]! - back.sender.decoded[index]!)
      expect(moved + movedOther).toBeCloseTo(value + other[index]!, 6)
    })
  })

  it('serves several receivers, each at its own pace', () => {
    const own = gaussian(1000, 1)
    const sender = codec.send(own, evenSpreads(1000, 0.01), 3)
    const message = sender.message()
    for (const spread of [0.01, 0.3, 5]) {
      const receiver = codec.decodeAgainst(gaussian(1000, 2, spread).map((value, index) => value + own[index]!), message)
      for (let request = receiver.request(); request !== undefined; request = receiver.request()) {
        expect(sender.widening(request)).toEqual(sender.widening(request))
        receiver.widen(sender.widening(request))
      }
      expect(receiver.decoded).toEqual(sender.decoded)
    }
  })

  it('sends what lies beyond the grid as it is, and refuses what is not finite', () => {
    const own = gaussian(500)
    own[7] = 1e30
    own[444] = -3e38
    const { decoded } = exchange(codec, own, gaussian(500, 2), evenSpreads(500, 1))
    expect([decoded[7], decoded[444]]).toEqual([Math.fround(1e30), Math.fround(-3e38)])
    for (const bad of [NaN, Infinity]) {
      own[50] = bad
      expect(thrownBy(() => codec.send(own, evenSpreads(500, 1), 0)).code).toBe('CODEC_CORRUPT')
    }
  })

  it('takes any finite values, also where nothing differs', () => {
    const finite = fc.float32Array({ minLength: 1, maxLength: 300, noNaN: true, noDefaultInfinity: true })
    fc.assert(fc.property(finite, fc.constantFrom(0, 1e-30, 1, 1e38), (own, spread) => {
      for (const reference of [own, new Float32Array(own.length)]) {
        const { decoded, sender, bits, rounds } = exchange(codec, own, reference, evenSpreads(own.length, spread))
        expect(decoded).toEqual(sender.decoded)
        expect(decoded.every(Number.isFinite)).toBe(true)
        expect(bits).toBeLessThanOrEqual(8 * (1 + 2 * rounds) * codec.maximumBytes(own.length))
      }
    }), { numRuns: 50 })
  })

  it('refuses damaged, foreign and hostile messages without a crash, a loop or a value that is not finite', () => {
    const [own, reference] = replicas(300, 0.01, 2)
    const sender = codec.send(own, evenSpreads(300, 0.002), 1)
    const message = sender.message()
    const damage = fc.array(fc.record({ at: fc.integer({ min: headerBytes(codec.spec), max: message.length - 1 }), byte: fc.nat(255) }), { minLength: 1, maxLength: 5 })
    fc.assert(fc.property(damage, fc.boolean(), fc.integer({ min: -9, max: 9 }), (places, resealed, longer) => {
      const damaged = new Uint8Array(message.length + longer)
      damaged.set(message.subarray(0, damaged.length))
      for (const { at, byte } of places) if (at < damaged.length) damaged[at] = byte
      if (resealed) seal(damaged)
      try {
        const receiver = codec.decodeAgainst(reference, damaged)
        // Forged widenings run out of width.
        for (let round = 0; receiver.request() !== undefined; round++) {
          expect(round).toBeLessThan(MOST_WIDENINGS)
          receiver.widen(sender.widening(receiver.request()!))
        }
        expect(receiver.decoded!.every(Number.isFinite)).toBe(true)
      } catch (thrown) {
        expect(thrownBy(() => { throw thrown }).code).toBe('CODEC_CORRUPT')
      }
    }), { numRuns: 300 })
    expect(thrownBy(() => codec.decodeAgainst(reference.subarray(1), message)).code).toBe('CODEC_CORRUPT')
    expect(thrownBy(() => createReferencedCodec('modulo(4,64)').decodeAgainst(reference, message)).code).toBe('CODEC_CORRUPT')
    expect(thrownBy(() => codec.decodeAgainst(reference, new Uint8Array(20))).code).toBe('CODEC_CORRUPT')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => { expect(thrownBy(() => sender.widening(bytes)).code).toBe('CODEC_CORRUPT') }))
  })
})

describe('spreads', () => {
  it('follow what exchanges show, block by block', () => {
    const own = gaussian(640, 1)
    const partner = own.map((value, index) => value + (index < 320 ? 0.01 : 0.001))
    let spreads = initialSpreads(own, BLOCK)
    expect(spreads.every(spread => spread > 0.7 && spread < 1.4)).toBe(true)
    for (let round = 0; round < 40; round++) spreads = learnedSpreads(spreads, blockSpreads(own, partner, BLOCK), own, BLOCK)
    const expected = (index: number): number => index < 5 ? 0.01 : 0.001
    spreads.forEach((spread, index) => expect(spread / expected(index)).toBeLessThan(4))
    learnedSpreads(undefined, blockSpreads(own, partner, BLOCK), own, BLOCK).forEach((spread, index) => expect(spread / expected(index)).toBeCloseTo(1, 2))
  })

  it('that fall to a quarter are believed within a sixth of a bit after three exchanges', () => {
    const own = gaussian(640, 1)
    const at = (distance: number): Float32Array => blockSpreads(own, own.map(value => value + distance), BLOCK)
    let spreads = learnedSpreads(undefined, at(0.04), own, BLOCK)
    for (let round = 0; round < 3; round++) spreads = learnedSpreads(spreads, at(0.01), own, BLOCK)
    for (const spread of spreads) {
      expect(Math.log2(spread / 0.01)).toBeLessThan(1 / 6)
      expect(Math.log2(spread / 0.01)).toBeGreaterThan(0)
    }
  })

  it('are measured by whoever decodes, without what the sender rounded', () => {
    const [own, reference] = replicas(65_536, 0.001, 6)
    const exact = blockSpreads(own, reference, BLOCK)
    const { receiver } = exchange(createReferencedCodec('modulo(1,64) | rans'), own, reference, exact)
    const mean = (spreads: Float32Array): number => spreads.reduce((sum, spread) => sum + spread ** 2, 0) / spreads.length
    expect(mean(receiver.spreads!) / mean(exact)).toBeCloseTo(1, 1)
  })

  it('are never longer than the vector itself, whatever a partner sends', () => {
    const own = gaussian(640, 1)
    const spreads = learnedSpreads(undefined, blockSpreads(own, new Float32Array(640).fill(3e38), BLOCK), own, BLOCK)
    expect(Math.max(...spreads)).toBeLessThan(2)
  })
})
