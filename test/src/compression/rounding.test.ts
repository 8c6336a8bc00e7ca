import { describe, expect, it } from 'vitest'
import { codecKernels } from '../../../src/codec-kernels/kernels.ts'
import { createCodec } from '../../../src/compression/codec.ts'
import { CODEC_STREAMS, loadNoise } from '../../../src/compression/noise.ts'
import { words } from '../../../src/random/words.ts'
import { gaussian, meanSquaredError } from './draws.ts'

const VALUES = 512
const ROUNDS = 400
/** Five standard errors: all 512 means of one case fall within with a probability above 99.9 %. */
const STANDARD_ERRORS = 5

function decodedWith (spec: string, values: Float32Array, seed: number): Float32Array {
  const codec = createCodec(spec)
  const output = new Uint8Array(codec.maximumBytes(values.length))
  const result = new Float32Array(values.length)
  codec.decodeAccumulate(output.subarray(0, codec.encode(values, output, seed)), 1, result)
  return result
}

describe('rounding', () => {
  it.each(['int8(64,stochastic)', 'int4(64,dithered)', 'int4(64,stochastic)', 'int2(64,dithered)', 'ternary(64,absmax,stochastic)', 'fp4(64,stochastic)', 'nf4(64,stochastic)', 'uniform(2,stochastic)', 'uniform(2,dithered)', 'randk(0.25)', 'sketch(3,64)'])('%s errs by nothing on average', spec => {
    const values = gaussian(VALUES, 9)
    const sums = new Float64Array(VALUES)
    const squares = new Float64Array(VALUES)
    for (let seed = 0; seed < ROUNDS; seed++) {
      decodedWith(spec, values, seed).forEach((value, index) => { sums[index]! += value; squares[index]! += value * value })
    }
    expect(createCodec(spec).biased).toBe(false)
    values.forEach((value, index) => {
      const mean = sums[index]! / ROUNDS
      const standardError = Math.sqrt(Math.max(0, squares[index]! / ROUNDS - mean * mean) / ROUNDS)
      // A value next to a level is hardly ever rounded away from it: its own spread then says little.
      expect(Math.abs(mean - value), `value ${index} = ${value}`).toBeLessThan(STANDARD_ERRORS * Math.max(standardError, 0.01) + 1e-4)
    })
  })

  it('repeats itself bit by bit for a seed, and draws anew for another', () => {
    const values = gaussian(5000, 2)
    for (const spec of ['uniform(3,dithered) | rans', 'int4(64,stochastic)', 'rotate(256) | int4', 'randk(0.1)']) {
      expect(decodedWith(spec, values, 5)).toEqual(decodedWith(spec, values, 5))
      expect(decodedWith(spec, values, 5)).not.toEqual(decodedWith(spec, values, 6))
    }
  })

  it('draws without a seed from the values themselves', () => {
    const codec = createCodec('uniform(3,stochastic)')
    const output = new Uint8Array(codec.maximumBytes(1000))
    const encode = (values: Float32Array): Uint8Array => output.slice(0, codec.encode(values, output))
    expect(encode(gaussian(1000, 1))).toEqual(encode(gaussian(1000, 1)))
    expect(encode(gaussian(1000, 1)).slice(16, 20)).not.toEqual(encode(gaussian(1000, 2)).slice(16, 20))
  })

  it('errs by a twelfth of the squared step, dithered, whatever the values', () => {
    const constant = new Float32Array(20_000).fill(0.3)
    const step = 4.132731354122493 * 0.3 / 2 ** 3
    const ratio = meanSquaredError(constant, decodedWith('uniform(3,dithered)', constant, 1)) / (step * step / 12)
    expect(ratio).toBeGreaterThan(0.97)
    expect(ratio).toBeLessThan(1.03)
  })

  it('takes its noise from the words that everyone else draws', () => {
    const kernels = codecKernels()
    const at = loadNoise(kernels, 'dithered', 99, 32, 32) / 4
    const source = words(99, CODEC_STREAMS.rounding)
    const halves = (word: number): readonly number[] => [word & 0xffff, word >>> 16]
    const expected: number[] = []
    for (const group of [2, 3]) {
      const pairs = [0, 1, 2, 3].map(lane => [source.at(8 * group + 2 * lane), source.at(8 * group + 2 * lane + 1)] as const)
      for (const side of [0, 1] as const) for (const half of [0, 1] as const) expected.push(...pairs.map(pair => (halves(pair[side])[half]! - 32_767.5) / 65_536))
    }
    expect([...kernels.floats.subarray(at, at + 32)]).toEqual(expected)
  })
})
