import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ErrorFeedback } from '../../../src/compression/error-feedback.ts'
import { decoded } from '../../compliance/codec-compliance.ts'
import { gaussian, meanSquare } from './draws.ts'
import { thrownBy } from './thrown-by.ts'

const LENGTH = 512

function sendOnce (feedback: ErrorFeedback, values: Float32Array): Float32Array {
  const output = new Uint8Array(feedback.codec.maximumBytes(values.length))
  return decoded(feedback.codec, output.subarray(0, feedback.encode(values, output)), values.length)
}

describe('error feedback', () => {
  it('conserves the sum: all that went in was sent or is still held', () => {
    const specs = fc.constantFrom('topk(0.05,64) | int2 | rans', 'int4', 'sign', 'uniform(1) | rans', 'topk(0.1)', 'rotate(64) | int2')
    fc.assert(fc.property(specs, fc.integer({ min: 1, max: 12 }), fc.nat(1000), (spec, rounds, seed) => {
      const feedback = new ErrorFeedback(spec, LENGTH, 1)
      const total = new Float64Array(LENGTH)
      for (let round = 0; round < rounds; round++) {
        const values = gaussian(LENGTH, 100 * seed + round)
        const sent = sendOnce(feedback, values)
        total.forEach((_, index) => { total[index]! += values[index]! - sent[index]! })
      }
      feedback.exportState().residual.forEach((held, index) => expect(held).toBeCloseTo(total[index]!, 4))
    }), { numRuns: 40 })
  })

  it('brings through a constant signal that one message alone would never carry', () => {
    const signal = gaussian(LENGTH, 3)
    const feedback = new ErrorFeedback('topk(0.05,64)', LENGTH, 1)
    const sum = new Float32Array(LENGTH)
    for (let round = 0; round < 200; round++) sendOnce(feedback, signal).forEach((value, index) => { sum[index]! += value / 200 })
    expect(meanSquare(signal.map((value, index) => value - sum[index]!)) / meanSquare(signal)).toBeLessThan(0.02)
  })

  it('forgets with its decay', () => {
    const feedback = new ErrorFeedback('topk(0.05,64)', LENGTH, 0.5)
    sendOnce(feedback, gaussian(LENGTH, 1))
    const held = feedback.residualSize
    for (let round = 0; round < 4; round++) sendOnce(feedback, new Float32Array(LENGTH))
    expect(feedback.residualSize).toBeLessThan(held / 16)
  })

  it('goes on from its state as if never stopped', () => {
    const one = new ErrorFeedback('int2 | rans', LENGTH, 0.95)
    sendOnce(one, gaussian(LENGTH, 1))
    const other = new ErrorFeedback('int2 | rans', LENGTH, 0.95, one.exportState())
    expect(sendOnce(other, gaussian(LENGTH, 2))).toEqual(sendOnce(one, gaussian(LENGTH, 2)))
    expect(other.exportState()).toEqual(one.exportState())
  })

  it('refuses a lossless codec, a state of another kind, and values that are not finite', () => {
    expect(thrownBy(() => new ErrorFeedback('fp32', LENGTH, 1)).why).toContain('lossless')
    const state = new ErrorFeedback('int2', LENGTH, 1).exportState()
    expect(thrownBy(() => new ErrorFeedback('int4', LENGTH, 1, state)).code).toBe('CHECKPOINT_INCOMPATIBLE')
    expect(thrownBy(() => new ErrorFeedback('int2', 9, 1, state)).code).toBe('CHECKPOINT_INCOMPATIBLE')
    expect(thrownBy(() => new ErrorFeedback('int2', LENGTH, 1, { ...state, residual: state.residual.map(() => NaN) })).code).toBe('CHECKPOINT_INCOMPATIBLE')
    const feedback = new ErrorFeedback('int2', LENGTH, 1, state)
    expect(thrownBy(() => sendOnce(feedback, new Float32Array(LENGTH).fill(NaN))).code).toBe('CODEC_CORRUPT')
    expect(feedback.exportState()).toEqual(state)
  })
})
