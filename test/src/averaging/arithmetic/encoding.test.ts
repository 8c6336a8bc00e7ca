import { describe, expect, it } from 'vitest'
import { FragmentExchange } from '../../../../src/averaging/arithmetic/fragment-exchange.ts'
import { CodecFamily } from '../../../../src/averaging/arithmetic/part-codec.ts'

function exchangeOf (values: Float32Array, spec: string): FragmentExchange {
  return new FragmentExchange({
    self: 'a', seed: 1, plan: { round: 1, fragment: 0, members: ['a', 'b'], parts: [{ start: 0, end: values.length }], tokens: 1 },
    channels: [{ values, codecs: new CodecFamily(spec), owed: undefined }]
  })
}

describe('what encoding costs', () => {
  it('is not known before anything was sent', () => {
    expect(exchangeOf(new Float32Array(8), 'fp32').encoding()).toBeUndefined()
  })

  it('is nothing for a codec that loses nothing, and 32 bits a value', () => {
    const exchange = exchangeOf(Float32Array.from([1, -2, 3, -4]), 'fp32')
    exchange.contribution(0)
    expect(exchange.encoding()).toMatchObject({ error: 0 })
    expect(exchange.encoding()?.bitsPerValue).toBeGreaterThanOrEqual(32)
  })

  it('is the share of the norm that top-k leaves out', () => {
    const exchange = exchangeOf(Float32Array.from({ length: 64 }, (_, index) => [3, 0, 0, 4, 12][index] ?? 0), 'topk(0.015625,64) | fp32')
    exchange.contribution(0)
    expect(exchange.encoding()?.error).toBeCloseTo(5 / 13, 6)
  })

  it('is measured on a sample of a large vector, as it is on the whole', () => {
    const values = Float32Array.from({ length: 300_000 }, (_, index) => Math.sin(index * 1.7))
    const exchange = exchangeOf(values, 'int4(64)')
    exchange.contribution(0)
    const { decoded } = new CodecFamily('int4(64)').contribution.send(values, { seed: undefined, spreads: undefined })
    const lost = values.reduce((sum, value, index) => sum + (value - (decoded[index] ?? 0)) ** 2, 0)
    const whole = values.reduce((sum, value) => sum + value ** 2, 0)
    expect(exchange.encoding()?.error).toBeCloseTo(Math.sqrt(lost / whole), 3)
  })
})
