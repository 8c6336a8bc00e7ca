import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import { measureMatmul } from '../../../src/kernels/measure.ts'
import { selfCheck } from '../../../src/kernels/self-check.ts'
import { gaussian, place, seeds, use } from './support.ts'

const length = fc.integer({ min: 0, max: 40 })

describe('adamw and squaredNorm', () => {
  it('give the same bits on wasm as in plain JavaScript', async () => {
    await fc.assert(fc.asyncProperty(length, seeds, fc.double({ min: 0, max: 1, noNaN: true }), async (count, seed, scale) => {
      const results: number[][] = []
      for (const backend of ['wasm', 'cpu'] as const) {
        const kernels = await use(backend)
        const [weights, first, second, gradient] = [0, 1, 2, 3].map(salt => place(gaussian([count], seed ^ salt)))
        const moment = tf.abs(second!)
        kernels.adamw({ weights: weights!, first: first!, second: moment }, gradient!, {
          scale, beta1: 0.9, beta2: 0.95, rate: 3e-3, correction: 1.7, epsilon: 1e-8, keep: 0.999
        })
        const read = [weights!, first!, moment].flatMap(tensor => [...kernels.view(tensor)])
        results.push([...read, kernels.squaredNorm(gradient!)])
        tf.dispose([weights!, first!, second!, moment, gradient!])
      }
      expect(results[0]).toEqual(results[1])
      expect(results[0]!.every(Number.isFinite)).toBe(true)
    }), { numRuns: 60 })
  })

  it('the norm agrees with its definition', async () => {
    const kernels = await use('wasm')
    const { shape, values } = gaussian([4099], 5)
    const tensor = place({ shape, values })
    expect(kernels.squaredNorm(tensor)).toBeCloseTo(values.reduce((sum, value) => sum + value * value, 0), 8)
    tensor.dispose()
  })
})

describe.each(['wasm', 'cpu'] as const)('the self-check on %s', backend => {
  it('passes, and leaves no tensor', async () => {
    await use(backend)
    const before = tf.memory().numTensors
    expect(selfCheck()).toBeUndefined()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says what a broken kernel gets wrong', async () => {
    await use(backend)
    const kernel = tf.getKernel('BatchMatMul', backend)
    tf.unregisterKernel('BatchMatMul', backend)
    tf.registerKernel({ ...kernel, kernelFunc: call => kernel.kernelFunc({ ...call, inputs: { a: call.inputs['b']!, b: call.inputs['a']! } }) })
    const fault = selfCheck()
    tf.unregisterKernel('BatchMatMul', backend)
    tf.registerKernel(kernel)
    expect(fault).toMatch(/matrix product gives/)
  })
})

it('measures a matrix product by the clock it is given', async () => {
  await use('wasm')
  let nowMs = 0
  expect(await measureMatmul(10, 3, () => nowMs += 2)).toBeCloseTo(2 * 10 ** 3 / 2e6, 12)
})
