import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ShoalError } from '../../../src/errors.ts'
import { decodeSafetensors, encodeSafetensors, float32Tensor, float32Values } from '../../../src/checkpoint/safetensors.ts'
import { joinBytes, rawFile } from './support.ts'

const example = (): Uint8Array => joinBytes(encodeSafetensors({
  metadata: { note: 'café' },
  tensors: [float32Tensor('a', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)), float32Tensor('b', [1], Float32Array.of(-0))]
}))

/** Decodes, allowing CHECKPOINT_CORRUPT and nothing else. */
function decodeOrCorrupt (bytes: Uint8Array): 'read' | 'read without seal' | 'corrupt' {
  try {
    return decodeSafetensors(bytes).sealed ? 'read' : 'read without seal'
  } catch (error) {
    expect(error).toBeInstanceOf(ShoalError)
    expect((error as ShoalError).code).toBe('CHECKPOINT_CORRUPT')
    return 'corrupt'
  }
}

describe('safetensors', () => {
  test('follows the published byte layout', () => {
    const file = example()
    const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength))) as Record<string, unknown>
    expect(headerLength % 8).toBe(0)
    expect(header['a']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] })
    expect(header['b']).toEqual({ dtype: 'F32', shape: [1], data_offsets: [24, 28] })
    expect(file.length).toBe(8 + headerLength + 28)
    expect(new DataView(file.buffer).getFloat32(8 + headerLength + 4, true)).toBe(2)
  })

  test('any tensors come back bit for bit', () => {
    const tensors = fc.uniqueArray(fc.record({ name: fc.string(), values: fc.float32Array({ maxLength: 20 }) }), { selector: tensor => tensor.name, maxLength: 6 })
    fc.assert(fc.property(tensors, fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 }), (list, metadata) => {
      fc.pre(list.every(tensor => tensor.name !== '__metadata__') && !('sha256' in metadata))
      const file = decodeSafetensors(joinBytes(encodeSafetensors({ metadata, tensors: list.map(({ name, values }) => float32Tensor(name, [values.length], values)) })))
      for (const { name, values } of list) {
        const found = float32Values(file.tensors.find(tensor => tensor.name === name)!)
        expect(new Uint32Array(found.buffer)).toEqual(new Uint32Array(values.slice().buffer))
      }
      for (const [key, value] of Object.entries(metadata)) expect(file.metadata[key]).toBe(value)
    }), { numRuns: 100 })
  })

  test.each(['__proto__', 'constructor', 'toString', ''])('%j is a name like any other', name => {
    const metadata = Object.fromEntries([[name, 'kept']])
    const file = decodeSafetensors(joinBytes(encodeSafetensors({ metadata, tensors: [float32Tensor(name, [1], Float32Array.of(7))] })))
    expect(file.tensors.map(tensor => [tensor.name, [...float32Values(tensor)]])).toEqual([[name, [7]]])
    expect(Object.entries(file.metadata)).toContainEqual([name, 'kept'])
  })

  test('every flipped byte, in header or data, is found', () => {
    const whole = example()
    for (let at = 0; at < whole.length; at++) {
      for (const mask of [1, 0x20, 0x80, 0xff]) {
        const flipped = whole.slice()
        flipped[at]! ^= mask
        expect(decodeOrCorrupt(flipped), `byte ${at} xor ${mask}`).not.toBe('read')
      }
    }
  })

  test('every truncation and every extension is found', () => {
    const whole = example()
    for (let length = 0; length < whole.length; length++) expect(decodeOrCorrupt(whole.subarray(0, length)), `${length} bytes`).toBe('corrupt')
    expect(decodeOrCorrupt(joinBytes([whole, new Uint8Array(1)]))).toBe('corrupt')
  })

  test('random bytes never crash', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => { expect(decodeOrCorrupt(bytes)).toBe('corrupt') }), { numRuns: 300 })
    fc.assert(fc.property(fc.json(), json => { decodeOrCorrupt(rawFile(json, 8)) }), { numRuns: 300 })
  })

  test.each([
    ['overlapping tensors', { a: entry([2], 0, 8), b: entry([2], 4, 12) }, 12],
    ['a hole between tensors', { a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12],
    ['offsets past the end', { a: entry([4], 0, 16) }, 8],
    ['offsets that run backwards', { a: entry([1], 4, 0) }, 4],
    ['a shape that does not fit its bytes', { a: entry([3], 0, 8) }, 8],
    ['a negative dimension', { a: entry([-1, -2], 0, 8) }, 8],
    ['a dimension beyond counting', { a: entry([2 ** 53, 2 ** 53], 0, 8) }, 8],
    ['an unknown dtype', { a: { ...entry([2], 0, 8), dtype: 'F33' } }, 8],
    ['metadata that is not strings', { __metadata__: { step: 3 } }, 0],
    ['data that belongs to no tensor', {}, 4]
  ])('refuses %s', (_, header, dataBytes) => {
    expect(decodeOrCorrupt(rawFile(JSON.stringify(header), dataBytes))).toBe('corrupt')
  })

  test('reads files of other writers, which have no seal', () => {
    const file = decodeSafetensors(rawFile(JSON.stringify({ b: entry([1], 4, 8), a: entry([1], 0, 4) }), 8))
    expect(file.tensors.map(tensor => tensor.name)).toEqual(['a', 'b'])
  })

  test('refuses a giant header before it is parsed', () => {
    expect(() => decodeSafetensors(rawFile(' '.repeat(17 * 1024 * 1024), 0))).toThrow(expect.objectContaining({ why: expect.stringContaining('over the limit') as string }))
  })

  test('a writer cannot contradict itself', () => {
    const values = Float32Array.of(1, 2)
    expect(() => encodeSafetensors({ metadata: {}, tensors: [float32Tensor('a', [3], values)] })).toThrow(RangeError)
    expect(() => encodeSafetensors({ metadata: {}, tensors: [float32Tensor('a', [2], values), float32Tensor('a', [2], values)] })).toThrow(RangeError)
    expect(() => encodeSafetensors({ metadata: { sha256: 'x' }, tensors: [] })).toThrow(RangeError)
  })
})

function entry (shape: number[], start: number, end: number): { dtype: string, shape: number[], data_offsets: number[] } {
  return { dtype: 'F32', shape, data_offsets: [start, end] }
}
