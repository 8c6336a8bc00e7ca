import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import { describeCodec } from '../../compliance/codec-compliance.ts'
import { thrownBy } from './thrown-by.ts'

describeCodec(() => createCodec('fp32'), { block: 1, relativeError: 0 })
for (const block of [8, 64, 256]) describeCodec(() => createCodec(`int8(${block})`), { block, relativeError: 0.5 / 126 })

describe('createCodec', () => {
  it('normalises what it understands', () => {
    expect(createCodec('int8').spec).toBe('int8(64)')
    expect(createCodec(' int8(128) ').spec).toBe('int8(128)')
    expect(createCodec('fp32').spec).toBe('fp32')
  })

  it.each(['int7(64)', '', 'fp32(4)', 'int8(7)', 'int8(4097)', 'int8(64', 'int8(-1)', 'int8(1e3)', 'x'.repeat(10_000), 'int8(64))'])('refuses %j with something to try', spec => {
    const error = thrownBy(() => createCodec(spec))
    expect(error.code).toBe('CODEC_SPEC')
    expect(error.tryThis).toContain('int8(64)')
    expect(error.message.length).toBeLessThan(100)
  })

  it('keeps every bit of fp32', () => {
    const codec = createCodec('fp32')
    const values = new Float32Array([0, -0, 1 / 3, 2 ** -149, -3.4028234663852886e38])
    const output = new Uint8Array(codec.maximumBytes(values.length))
    codec.encode(values, output)
    expect(codec.lossless).toBe(true)
    expect(new Uint8Array(output.buffer.slice(12))).toEqual(new Uint8Array(values.buffer))
  })
})
