import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import type { Codec } from '../../../src/compression/codec.ts'
import { codecViolations } from '../../../src/compression/compliance.ts'

const int8 = createCodec('int8(64)')
let calls = 0
const promise = { block: 64, relativeError: 0.5 / 126 }

describe('codecViolations', () => {
  it.each([
    ['fp32 | rans', { block: 1, relativeError: 0 }], ['int8(64) | rans', promise], ['uniform(4) | rans', { block: 1e9, relativeError: 4.14 / 16, smallestError: 2 ** -119 }],
    ['topk(0.1,64) | int4 | rans', { block: 64, relativeError: 1 }], ['allocate(4) | rans', { block: 1e9, relativeError: 1, smallestError: 2 ** -119 }], ['allocate(9,2)', { block: 1e9, relativeError: 1, smallestError: 2 ** -119 }]
  ])('finds nothing wrong with %s', (spec, promised) => {
    expect(codecViolations(createCodec(spec), promised)).toEqual([])
  })

  const faults: ReadonlyArray<readonly [string, Partial<Codec>]> = [
    ['errs', { decodeAccumulate: (bytes, weight, to) => { int8.decodeAccumulate(bytes, 1.1 * weight, to) } }],
    ['changes', { encode: (values, output, seed) => { const bytes = int8.encode(values, output, seed); values.fill(7); return bytes } }],
    ['other bytes', { encode: (values, output) => int8.encode(values, output, calls++) }],
    ['too short', { encode: (values, output, seed) => { const own = new Uint8Array(int8.maximumBytes(values.length)); const bytes = int8.encode(values, own, seed); output.set(own.subarray(0, output.length)); return bytes } }],
    ['adds a part', { decodeAccumulate: (bytes, weight, to) => { if (to.length > 0) to[0]! += weight; int8.decodeAccumulate(bytes, weight, to) } }],
    ['more bytes than its maximum', { expectedBytes: length => int8.maximumBytes(length) + 1 }]
  ]
  it.each(faults)('finds a codec that is at fault: %s', (sentence, fault) => {
    expect(codecViolations({ ...int8, ...fault }, promise).some(violation => violation.includes(sentence))).toBe(true)
  })
})
