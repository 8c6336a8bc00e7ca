import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Codec } from '../../src/compression/codec.ts'
import { headerBytes, readHeader, seal } from '../../src/compression/header.ts'
import { ShoalError } from '../../src/errors.ts'

export interface CodecPromise {
  /** Values that share what an outlier can spoil. */
  readonly block: number
  /** Largest error of a value, as a share of the largest magnitude in its block. */
  readonly relativeError: number
  /** Errors below this are allowed at any magnitude; 2⁻¹³³ unless said otherwise. */
  readonly smallestError?: number
  /** The largest magnitude that it takes; 2¹²⁷ and above unless said otherwise. */
  readonly largestMagnitude?: number
}

const FLOAT_LIMIT = 3.4028234663852886e38
const LENGTH_AT = 8

/** What any codec must do, whatever its method: call it with a factory and the error that the codec promises. */
export function describeCodec (create: () => Codec, promise: CodecPromise): void {
  describe(`${create().spec} keeps the codec contract`, () => {
    describe('round trips', () => roundTrips(create(), promise))
    describe('refuses what it cannot use', () => refusals(create()))
  })
}

export function encoded (codec: Codec, values: Float32Array): Uint8Array {
  const output = new Uint8Array(codec.maximumBytes(values.length))
  return output.slice(0, codec.encode(values, output))
}

export function decoded (codec: Codec, bytes: Uint8Array, length: number): Float32Array {
  const values = new Float32Array(length)
  codec.decodeAccumulate(bytes, 1, values)
  return values
}

const finiteValues = fc.float32Array({ maxLength: 300, noNaN: true, noDefaultInfinity: true, max: 2 ** 100, min: -(2 ** 100) })
/** Few distinct values, as symbols meet them: ties, runs and zeros. */
const coarseValues = fc.array(fc.constantFrom(0, -0, 1, -1, 0.5, 3e-5, -7), { maxLength: 2500 }).map(values => Float32Array.from(values))

/** Scales are bfloat16, rounded up: below its normal range, by up to 2⁻¹³³; and a value errs by a step at most. */
const SUBNORMAL_SCALE_ERROR = 2 ** -133

function expectWithinBound (codec: Codec, values: Float32Array, { block, relativeError, smallestError = 2 ** -133 }: CodecPromise): void {
  const bytes = encoded(codec, values)
  expect(bytes.length).toBeLessThanOrEqual(codec.maximumBytes(values.length))
  const result = decoded(codec, bytes, values.length)
  for (let start = 0; start < values.length; start += block) {
    const part = values.subarray(start, start + block)
    const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const allowed = relativeError === 0 ? 0 : Math.max(relativeError * largest + SUBNORMAL_SCALE_ERROR, smallestError)
    part.forEach((value, index) => {
      expect(Math.abs(value - (result[start + index] as number)), `value ${start + index} = ${value}`).toBeLessThanOrEqual(allowed)
    })
  }
}

function roundTrips (codec: Codec, promise: CodecPromise): void {
  it('stays within its error on any finite values', () => {
    fc.assert(fc.property(fc.oneof(finiteValues, coarseValues), values => expectWithinBound(codec, values, promise)))
  })

  it.each([
    ['nothing', new Float32Array(0)],
    ['one value', new Float32Array([0.37])],
    ['one value with a subnormal scale', new Float32Array([2.4064560184982514e-38])],
    ['one value between two subnormal scales', new Float32Array([-8.556297034081732e-38])],
    ['zeros', new Float32Array(200)],
    ['a constant', new Float32Array(200).fill(-0.021)],
    ['the smallest denormals', new Float32Array(130).fill(2 ** -149)],
    ['denormals of both signs', Float32Array.from({ length: 130 }, (_, index) => (index - 65) * 2 ** -140)],
    ['the largest magnitudes', new Float32Array(130).fill(-(promise.largestMagnitude ?? FLOAT_LIMIT))],
    ['an outlier among small values', Float32Array.from({ length: 130 }, (_, index) => index === 70 ? 1e20 : 1e-3)]
  ])('survives %s', (name, values) => {
    const generous = { ...promise, relativeError: promise.relativeError * (name === 'the largest magnitudes' ? 3 : 1) }
    expectWithinBound(codec, values, generous)
  })

  it('gives the same bytes for the same values and does not touch them', () => {
    fc.assert(fc.property(finiteValues, values => {
      const before = values.slice()
      expect(encoded(codec, values)).toEqual(encoded(codec, values))
      expect(values).toEqual(before)
    }))
  })

  it('adds weight · value to what the accumulator holds', () => {
    const values = Float32Array.from({ length: 100 }, (_, index) => Math.sin(index))
    const bytes = encoded(codec, values)
    const plain = decoded(codec, bytes, 100)
    const accumulator = new Float32Array(100).fill(2)
    codec.decodeAccumulate(bytes, 0.25, accumulator)
    accumulator.forEach((value, index) => expect(value).toBeCloseTo(2 + 0.25 * (plain[index] as number), 6))
  })

  it('decodes from the middle of a larger buffer', () => {
    const values = new Float32Array([1, -2, 3])
    const bytes = encoded(codec, values)
    const larger = new Uint8Array(bytes.length + 20).fill(0xff)
    larger.set(bytes, 7)
    expect(decoded(codec, larger.subarray(7, 7 + bytes.length), 3)).toEqual(decoded(codec, bytes, 3))
  })

  it('expects no more bytes than its maximum', () => {
    fc.assert(fc.property(fc.nat(10_000_000), length => codec.expectedBytes(length) <= codec.maximumBytes(length)))
  })
}

function refusals (codec: Codec): void {
  it.each([NaN, Infinity, -Infinity])('refuses to encode %s', bad => {
    const values = new Float32Array(100).fill(0.5)
    values[77] = bad
    expect(() => encoded(codec, values)).toThrow(ShoalError)
  })

  it('refuses an output that is too short', () => {
    const values = new Float32Array(100).fill(0.5)
    expect(() => codec.encode(values, new Uint8Array(codec.maximumBytes(100) - 1))).toThrow(RangeError)
  })

  it('adds nothing when it refuses, and only finite values when it does not, for random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(64), expectCleanDecode(codec)), { numRuns: 500 })
  })

  it('the same for encodings with flipped bytes, cut short or made longer', () => {
    const values = Float32Array.from({ length: 150 }, (_, index) => Math.cos(index))
    const bytes = encoded(codec, values)
    const damage = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255), length: fc.nat(bytes.length + 8) })
    fc.assert(fc.property(damage, ({ at, byte, length }) => {
      const damaged = new Uint8Array(length)
      damaged.set(bytes.subarray(0, length))
      if (at < length) damaged[at] = byte
      expectCleanDecode(codec)(damaged, values.length)
      if (length !== bytes.length) expect(() => decoded(codec, damaged, values.length)).toThrow(ShoalError)
    }), { numRuns: 500 })
  })

  it('the same for damage that the checksum was made to fit', () => {
    const values = Float32Array.from({ length: 2300 }, (_, index) => Math.cos(index) ** 5)
    const bytes = encoded(codec, values)
    const place = fc.record({ at: fc.integer({ min: headerBytes(codec.spec), max: bytes.length - 1 }), byte: fc.nat(255) })
    fc.assert(fc.property(fc.array(place, { minLength: 1, maxLength: 6 }), fc.integer({ min: -40, max: 40 }), (places, longer) => {
      const damaged = new Uint8Array(Math.max(headerBytes(codec.spec), bytes.length + longer))
      damaged.set(bytes.subarray(0, damaged.length))
      for (const { at, byte } of places) if (at < damaged.length) damaged[at] = byte
      seal(damaged)
      expectCleanDecode(codec)(damaged, values.length)
    }), { numRuns: 300 })
  })

  it('the same for random bytes behind a true header', () => {
    const header = encoded(codec, new Float32Array(1500)).slice(0, headerBytes(codec.spec))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), body => {
      const forged = new Uint8Array(header.length + body.length)
      forged.set(header)
      forged.set(body, header.length)
      seal(forged)
      expectCleanDecode(codec)(forged, 1500)
    }), { numRuns: 200 })
  })

  it('refuses a claim of 2⁴⁰ values, and any other than the length it must have', () => {
    const bytes = encoded(codec, new Float32Array(10).fill(1))
    for (const claim of [2 ** 40, 2 ** 53, 9, 11, 0]) {
      const forged = bytes.slice()
      new DataView(forged.buffer).setBigUint64(LENGTH_AT, BigInt(claim), true)
      seal(forged)
      const accumulator = new Float32Array(10)
      expect(() => codec.decodeAccumulate(forged, 1, accumulator)).toThrow(ShoalError)
      expect(accumulator).toEqual(new Float32Array(10))
    }
    expect(() => decoded(codec, bytes, 11)).toThrow(ShoalError)
  })

  it('refuses 20 bytes that claim 2⁴⁰ values, whoever would read them', () => {
    const short = encoded(codec, new Float32Array(10).fill(1)).slice(0, 20)
    new DataView(short.buffer).setBigUint64(LENGTH_AT, 2n ** 40n, true)
    seal(short)
    expect(() => readHeader(short)).toThrow(ShoalError)
    for (const length of [0, 10]) {
      const accumulator = new Float32Array(length)
      expect(() => codec.decodeAccumulate(short, 1, accumulator)).toThrow(ShoalError)
      expect(accumulator).toEqual(new Float32Array(length))
    }
  })
}

function expectCleanDecode (codec: Codec): (bytes: Uint8Array, length: number) => void {
  return (bytes, length) => {
    const accumulator = new Float32Array(length).fill(1)
    try {
      codec.decodeAccumulate(bytes, 0.5, accumulator)
      expect(accumulator.every(Number.isFinite)).toBe(true)
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ShoalError)
      expect((thrown as ShoalError).code).toBe('CODEC_CORRUPT')
      expect(accumulator.every(value => value === 1)).toBe(true)
    }
  }
}
