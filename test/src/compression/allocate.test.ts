import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import type { Codec } from '../../../src/compression/codec.ts'
import { codecViolations } from '../../../src/compression/compliance.ts'
import { headerBytes, seal } from '../../../src/compression/header.ts'
import { gaussian } from './draws.ts'
import { thrownBy } from './thrown-by.ts'

function encoded (codec: Codec, values: Float32Array): Uint8Array {
  const output = new Uint8Array(codec.maximumBytes(values.length))
  return output.slice(0, codec.encode(values, output))
}

function decoded (codec: Codec, values: Float32Array): Float32Array {
  const result = new Float32Array(values.length)
  codec.decodeAccumulate(encoded(codec, values), 1, result)
  return result
}

const squaredError = (one: Float32Array, other: Float32Array): number => one.reduce((sum, value, index) => sum + (value - other[index]!) ** 2, 0)

/** Tensors of such deviations, as many values each. */
function tensors (deviations: readonly number[], size: number): Float32Array {
  return Float32Array.from(deviations.flatMap((deviation, index) => [...gaussian(size, index + 1)].map(value => value * deviation)))
}

describe('allocation over tensors', () => {
  const deviations = [8, 4, 2, 1, 0.01]
  const shapes = deviations.map(() => [64, 64])
  const values = tensors(deviations, 4096)

  it('costs what was asked for, and errs as the one step for all does that costs as much: with an entropy stage that step is the water level already', () => {
    const allocated = createCodec('allocate(3) | rans', shapes)
    const bytes = encoded(allocated, values).length
    expect(8 * bytes / values.length).toBeGreaterThan(2.9)
    expect(8 * bytes / values.length).toBeLessThan(3.3)
    const dearer = Array.from({ length: 40 }, (_, index) => createCodec(`uniform(${3 + index / 20}) | rans`)).find(codec => encoded(codec, values).length >= bytes)!
    expect(squaredError(decoded(allocated, values), values) / squaredError(decoded(dearer, values), values)).toBeCloseTo(1, 0)
  })

  it('errs equally much in every tensor that has bits, and gives none to those below the water', () => {
    const result = decoded(createCodec('allocate(3) | rans', shapes), values)
    const errors = deviations.map((_, index) => squaredError(result.subarray(4096 * index, 4096 * (index + 1)), values.subarray(4096 * index, 4096 * (index + 1))) / 4096)
    for (const error of errors.slice(0, 4)) expect(error / errors[0]!).toBeCloseTo(1, 0)
    expect(result.subarray(4096 * 4).every(value => value === 0)).toBe(true)
    expect(decoded(createCodec('allocate(3,2) | rans', shapes), values).subarray(4096 * 4).every(value => value === 0)).toBe(false)
  })

  it('cuts what is no whole fragment into bands', () => {
    const part = values.subarray(100, 16_000)
    expect(squaredError(decoded(createCodec('allocate(4) | rans', shapes), part), part)).toBeLessThan(squaredError(decoded(createCodec('uniform(4) | rans'), part), part))
  })

  it('complies with the contract whatever the shapes', () => {
    for (const layout of [[[100]], [[2], [0], [255]], [[1], [1], [1]]]) {
      expect(codecViolations(createCodec('allocate(5) | rans', layout), { block: 1e9, relativeError: 1, smallestError: 2 ** -119 })).toEqual([])
    }
  })

  it('brings values beyond the range back whole, wherever they lie', () => {
    const codec = createCodec('allocate(6) | rans', [[1000], [1000], [1000]])
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2999 }), fc.float({ min: Math.fround(1e5), max: Math.fround(1e6), noNaN: true })), { minLength: 1, maxLength: 4 }), outliers => {
      const some = Float32Array.from(gaussian(3000, 7))
      for (const [place, value] of outliers) some[place] = value
      const result = decoded(codec, some)
      for (const [place] of outliers) expect(result[place]! / some[place]!).toBeCloseTo(1, 1)
    }), { numRuns: 40 })
  })

  it('refuses bits that no tensor may have', () => {
    const codec = createCodec('allocate(12)', [[100]])
    const bytes = encoded(codec, gaussian(100, 3))
    const place = headerBytes(codec.spec) + 1
    expect(bytes[place]).toBe(12 * 16)
    for (const claim of [1, 3, 193, 255]) {
      const forged = bytes.slice()
      forged[place] = claim
      seal(forged)
      const result = new Float32Array(100)
      expect(thrownBy(() => { codec.decodeAccumulate(forged, 1, result) }).code).toBe('CODEC_CORRUPT')
      expect(result.every(value => value === 0)).toBe(true)
    }
  })
})
