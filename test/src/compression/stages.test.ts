import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksum } from '../../../src/compression/checksum.ts'
import { tableOf, readTable, TOTAL } from '../../../src/compression/frequency-table.ts'
import { createCosineTransform } from '../../../src/compression/dct.ts'
import { createLowRank } from '../../../src/compression/low-rank.ts'
import { createRandomK } from '../../../src/compression/randk.ts'
import { readSymbols, writeSymbols } from '../../../src/compression/entropy.ts'
import { createRotation } from '../../../src/compression/rotate.ts'
import { createTopK } from '../../../src/compression/topk.ts'
import { gaussian, meanSquare, meanSquaredError } from './draws.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('checksum', () => {
  it.each([['', 0, 0x02cc5d05], ['', 2654435761, 0x36b78ae7], ['a', 0, 0x550d7456], ['abc', 0, 0x32d153ff], ['Nobody inspects the spammish repetition', 0, 0xe2293b2f]])('is XXH32: %j with seed %d', (text, seed, expected) => {
    expect(checksum(utf8(text), seed)).toBe(expected)
  })

  it('tells apart what differs in any one byte, across pieces', () => {
    const bytes = new Uint8Array(140_003)
    const plain = checksum(bytes)
    for (const at of [0, 65_535, 65_536, 139_999, 140_002]) {
      const other = bytes.slice()
      other[at] = 1
      expect(checksum(other)).not.toBe(plain)
    }
  })
})

describe('rans', () => {
  const roundTrip = (symbols: Uint8Array): { bytes: number, result: Uint8Array } => {
    const to = { bytes: new Uint8Array(symbols.length + 10), at: 0 }
    writeSymbols(to, symbols, 8)
    const from = { bytes: to.bytes.subarray(0, to.at), at: 0 }
    const result = readSymbols(from, 8, symbols.length)
    expect(from.at).toBe(to.at)
    return { bytes: to.at, result }
  }

  it('gives back any symbols', () => {
    const skewed = fc.array(fc.oneof({ weight: 20, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(255) }), { maxLength: 6000 })
    fc.assert(fc.property(skewed, list => {
      const symbols = Uint8Array.from(list)
      expect(roundTrip(symbols).result).toEqual(symbols)
    }))
  })

  it.each([1, 2, 3, 4, 5, 1023, 1024, 1025, 16_384, 50_001])('gives back %d symbols of one kind and of two', length => {
    for (const symbols of [new Uint8Array(length).fill(255), Uint8Array.from({ length }, (_, index) => index % 50 === 0 ? 1 : 0)]) expect(roundTrip(symbols).result).toEqual(symbols)
  })

  it('comes within 0.01 bit of the entropy', () => {
    const symbols = Uint8Array.from(gaussian(200_000, 8), value => 128 + Math.max(-127, Math.min(127, Math.round(4 * value))))
    const counts = new Map<number, number>()
    symbols.forEach(symbol => counts.set(symbol, (counts.get(symbol) ?? 0) + 1))
    const entropy = [...counts.values()].reduce((sum, count) => sum - count / symbols.length * Math.log2(count / symbols.length), 0)
    expect(8 * roundTrip(symbols).bytes / symbols.length - entropy).toBeLessThan(0.01)
  })

  it('gives parts that differ tables of their own', () => {
    const parts = [1, 8, 30].map((deviation, index) => Uint8Array.from(gaussian(40_960, index + 1), value => 128 + Math.max(-127, Math.min(127, Math.round(deviation * value)))))
    const apart = parts.reduce((sum, part) => sum + roundTrip(part).bytes, 0)
    const together = Uint8Array.from(parts.flatMap(part => [...part]))
    const { bytes, result } = roundTrip(together)
    expect(result).toEqual(together)
    expect(bytes).toBeLessThan(1.01 * apart)
  })

  it('pays little for rows that nearly repeat the one above', () => {
    const row = gaussian(256, 1)
    const rows = Uint8Array.from(gaussian(64 * 256, 2), (value, index) => 128 + Math.round(20 * (index < 32 * 256 ? value : row[index % 256]! + 0.02 * value)))
    const { bytes, result } = roundTrip(rows)
    expect(result).toEqual(rows)
    expect(bytes).toBeLessThan(0.7 * roundTrip(rows.subarray(0, 32 * 256)).bytes * 2)
  })

  it('reads tables as they were written: every symbol that occurred has a share', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.nat(1e6), (symbols, weight) => {
      const counts = new Uint32Array(256)
      symbols.forEach(symbol => { counts[symbol]!++ })
      counts[symbols[0]!]! += weight
      const { encoded, frequencies } = tableOf(counts)
      expect(readTable({ bytes: encoded, at: 0 })).toEqual(frequencies)
      expect(frequencies.reduce((sum, frequency) => sum + frequency, 0)).toBe(TOTAL)
      counts.forEach((count, symbol) => expect(frequencies[symbol]! > 0).toBe(count > 0))
    }))
  })
})

describe('top-k', () => {
  it('keeps the largest of each chunk and nothing else', () => {
    fc.assert(fc.property(fc.float32Array({ maxLength: 400, noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0.01, 0.1, 0.5), (values, fraction) => {
      const stage = createTopK(fraction, 64)
      const { values: chosen, planes } = stage.reduce(values, 0)
      const restored = stage.restore(chosen, planes, values.length, 0)
      for (let start = 0; start < values.length; start += 64) {
        const part = values.subarray(start, start + 64)
        const kept = Math.max(1, Math.round(fraction * part.length))
        const threshold = [...part].map(Math.abs).sort((a, b) => b - a)[kept - 1]!
        const held = [...part.keys()].filter(index => restored[start + index] !== 0)
        expect(held.length).toBeLessThanOrEqual(kept)
        part.forEach((value, index) => {
          if (Math.abs(value) > threshold) expect(restored[start + index]).toBe(value)
          if (Math.abs(value) < threshold) expect(restored[start + index]).toBe(0)
        })
      }
    }))
  })
})

describe('random k', () => {
  it('chooses alike on both sides, as many as it says, and multiplies by n/k', () => {
    const stage = createRandomK(0.1)
    const values = gaussian(10_000)
    const { values: chosen } = stage.reduce(values, 3)
    const restored = stage.restore(chosen, [], 10_000, 3)
    const held = [...restored.keys()].filter(index => restored[index] !== 0)
    expect(held.length).toBe(stage.reducedLength(10_000))
    held.forEach(index => expect(Math.abs(restored[index]! / values[index]! - 10)).toBeLessThan(0.05))
  })
})

describe('rotation', () => {
  it('keeps lengths and comes back', () => {
    fc.assert(fc.property(fc.nat(700), fc.nat(1000), (length, seed) => {
      const stage = createRotation(256)
      const values = gaussian(length, seed)
      const { values: rotated } = stage.reduce(values, seed)
      if (length > 0) expect(meanSquare(rotated) / meanSquare(values)).toBeCloseTo(1, 4)
      stage.restore(rotated, [], length, seed).forEach((value, index) => expect(value).toBeCloseTo(values[index]!, 5))
    }), { numRuns: 30 })
  })

  it('spreads an outlier over its block', () => {
    const values = new Float32Array(4096)
    values[1234] = 64
    const { values: rotated } = createRotation(4096).reduce(values, 1)
    rotated.forEach(value => expect(Math.abs(value)).toBeCloseTo(1, 5))
  })
})

describe('the cosine transform', () => {
  it('is the textbook DCT-II and comes back, ends included', () => {
    const stage = createCosineTransform(8)
    const values = gaussian(13, 4)
    const { values: coefficients } = stage.reduce(values, 0)
    for (let row = 0; row < 8; row++) {
      const sum = [...values.subarray(0, 8)].reduce((total, value, index) => total + value * Math.cos(Math.PI / 8 * (index + 0.5) * row), 0)
      expect(coefficients[row]).toBeCloseTo(sum * Math.sqrt((row === 0 ? 1 : 2) / 8), 5)
    }
    stage.restore(coefficients, [], 13, 0).forEach((value, index) => expect(value).toBeCloseTo(values[index]!, 5))
  })

  it('gathers what is smooth: one value in sixteen holds a slow wave', () => {
    const wave = Float32Array.from({ length: 1024 }, (_, index) => Math.sin(index / 40))
    const { values } = createCosineTransform(64).reduce(wave, 0)
    const [kept] = [createTopK(1 / 16, 64)].map(stage => { const { values: chosen, planes } = stage.reduce(values, 0); return stage.restore(chosen, planes, 1024, 0) })
    expect(meanSquaredError(values, kept!) / meanSquare(values)).toBeLessThan(0.001)
  })
})

describe('low rank', () => {
  const [left, right] = [gaussian(40 * 3, 1), gaussian(30 * 3, 2)]
  const matrix = Float32Array.from({ length: 1200 }, (_, at) => [0, 1, 2].reduce((sum, index) => sum + left[Math.floor(at / 30) * 3 + index]! * right[at % 30 * 3 + index]!, 0))

  it('keeps a matrix of its rank, and passes vectors on', () => {
    const values = Float32Array.from([...gaussian(5, 7), ...matrix, ...gaussian(9, 8)])
    const stage = createLowRank(3, [[5], [40, 30], [3, 3]])
    const { values: reduced } = stage.reduce(values, 6)
    expect(reduced.length).toBe(5 + 3 * 70 + 9)
    const restored = stage.restore(reduced, [], values.length, 6)
    expect(restored.subarray(0, 5)).toEqual(values.subarray(0, 5))
    expect(restored.subarray(1205)).toEqual(values.subarray(1205))
    expect(meanSquaredError(values, restored) / meanSquare(values)).toBeLessThan(1e-10)
  })

  it('comes near the best that a rank allows, for any length and for zeros', () => {
    const noisy = matrix.map((value, index) => value + 0.1 * gaussian(1200, 9)[index]!)
    const stage = createLowRank(3, [[40, 30]])
    expect(meanSquaredError(noisy, stage.restore(stage.reduce(noisy, 1).values, [], 1200, 1))).toBeLessThan(0.011)
    for (const length of [0, 1, 2, 99, 1000]) {
      const folded = createLowRank(2, [])
      expect(folded.restore(folded.reduce(new Float32Array(length), 1).values, [], length, 1)).toEqual(new Float32Array(length))
    }
  })
})
