import { describe, expect, it } from 'vitest'
import { createCodec } from '../../../src/compression/codec.ts'
import { readHeader } from '../../../src/compression/header.ts'
import { describeCodec, encoded } from '../../compliance/codec-compliance.ts'
import { thrownBy } from './thrown-by.ts'

const uniformError = (bits: number): number => 4.14 / 2 ** bits
/** The step is kept where its inverse is a number. */
const smallestError = 2 ** -119

describeCodec(() => createCodec('fp32'), { block: 1, relativeError: 0 })
describeCodec(() => createCodec('fp32 | rans'), { block: 1, relativeError: 0 })
describeCodec(() => createCodec('bf16 | rans'), { block: 1, relativeError: 2 ** -8 })
describeCodec(() => createCodec('fp16'), { block: 300, relativeError: 2 ** -11, smallestError: 2 ** -25 })
for (const block of [8, 64, 256]) describeCodec(() => createCodec(`int8(${block})`), { block, relativeError: 0.5 / 126 })
describeCodec(() => createCodec('int8(64) | rans'), { block: 64, relativeError: 0.5 / 126 })
describeCodec(() => createCodec('int8(64,dithered)'), { block: 64, relativeError: 1 / 125 })
describeCodec(() => createCodec('int4(32,stochastic) | rans'), { block: 32, relativeError: 1.01 / 7 })
describeCodec(() => createCodec('int4(64,mse)'), { block: 64, relativeError: 1 })
describeCodec(() => createCodec('int2(64)'), { block: 64, relativeError: 0.2552 })
describeCodec(() => createCodec('ternary(64) | rans'), { block: 64, relativeError: 1.02 })
describeCodec(() => createCodec('sign(64)'), { block: 64, relativeError: 1.02 })
describeCodec(() => createCodec('fp4(64) | rans'), { block: 64, relativeError: 0.26 })
describeCodec(() => createCodec('nf4(64)'), { block: 64, relativeError: 0.16 })
for (const bits of [2, 4, 6, 8]) describeCodec(() => createCodec(`uniform(${bits}) | rans`), { block: 1e9, relativeError: uniformError(bits), smallestError })
describeCodec(() => createCodec('uniform(3,dithered)'), { block: 1e9, relativeError: uniformError(3), smallestError })
describeCodec(() => createCodec('topk(0.01)'), { block: 4096, relativeError: 1 })
describeCodec(() => createCodec('topk(1,64) | rans'), { block: 1, relativeError: 0 })
describeCodec(() => createCodec('topk(0.1,1024) | int4(32) | rans'), { block: 1024, relativeError: 1 })
describeCodec(() => createCodec('randk(1)'), { block: 1, relativeError: 0 })
describeCodec(() => createCodec('allocate(4) | rans'), { block: 1e9, relativeError: 1, smallestError })
describeCodec(() => createCodec('rotate(256) | uniform(6) | rans'), { block: 1e9, relativeError: 300 * uniformError(6), smallestError, largestMagnitude: 2 ** 100 })

describeCodec(() => createCodec('dct(64) | topk(0.125,64) | sign | rans'), { block: 1e9, relativeError: 30, largestMagnitude: 2 ** 100 })
describeCodec(() => createCodec('sketch(3,32,40) | uniform(8) | rans'), { block: 1e9, relativeError: 3000, largestMagnitude: 2 ** 100 })
describeCodec(() => createCodec('lowrank(2) | uniform(8) | rans'), { block: 1e9, relativeError: 20, smallestError: 2 ** -60, largestMagnitude: 2 ** 60 })

describe('createCodec', () => {
  it.each([
    ['int8', 'int8(64)'], [' int8(128) ', 'int8(128)'], ['fp32', 'fp32'], ['int8(nearest, 64,absmax)', 'int8(64)'],
    ['topk(0.01)|int2|rans', 'topk(0.01,4096) | int2(64) | rans'], ['uniform(2.5,dithered) | rans', 'uniform(2.5,dithered) | rans'],
    ['ternary(absmax,stochastic)', 'ternary(64,absmax,stochastic)'], ['rotate|topk(0.5)|rans', 'rotate(4096) | topk(0.5,4096) | rans']
  ])('writes %j as %j', (given, canonical) => {
    expect(createCodec(given).spec).toBe(canonical)
    expect(createCodec(canonical).spec).toBe(canonical)
  })

  it.each([
    'int7(64)', '', 'fp32(4)', 'int8(7)', 'int8(4097)', 'int8(64', 'int8(-1)', 'int8(1e3)', 'x'.repeat(10_000), 'int8(64))', 'int8(48)', 'int8(64,64)',
    'rans | int8', 'int8 | int4', 'rans | rans', 'int8 | topk(0.1)', 'sketch(2,64)', 'sketch(3,48)', 'topk', 'topk(0)', 'topk(2)', 'uniform', 'int8(absmax,mse)', 'int8(loud)', '|', 'constructor', 'ef(0.9) | int8'
  ])('refuses %j with something to try', spec => {
    const error = thrownBy(() => createCodec(spec))
    expect(error.code).toBe('CODEC_SPEC')
    expect(error.tryThis).toContain('int8(64)')
    expect(error.message.length).toBeLessThan(100)
  })

  it('says what is meant and what is wrong', () => {
    expect(thrownBy(() => createCodec('unifrom(4)')).why).toContain('uniform may be meant')
    expect(thrownBy(() => createCodec('ef(0.9) | topk(0.01)')).why).toMatch(/share a reference.*--error-feedback/)
    expect(thrownBy(() => createCodec('topk')).why).toContain('needs its fraction')
  })

  it('says what an encoding is', () => {
    const codec = createCodec('topk(0.1)|int4|rans')
    const output = new Uint8Array(codec.maximumBytes(1000))
    const length = codec.encode(new Float32Array(1000).fill(1), output, 77)
    expect(readHeader(output.subarray(0, length))).toEqual({ spec: codec.spec, length: 1000, seed: 77, shapes: 0 })
  })

  it('keeps every bit of fp32', () => {
    const codec = createCodec('fp32')
    const values = new Float32Array([0, -0, 1 / 3, 2 ** -149, -3.4028234663852886e38])
    const result = new Float32Array(5).fill(-0)
    codec.decodeAccumulate(encoded(codec, values), 1, result)
    expect(codec.lossless).toBe(true)
    expect(new Uint8Array(result.buffer)).toEqual(new Uint8Array(values.buffer))
  })
})
