import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { measureMatmul } from '../../../src/kernels/measure.ts'
import { selfCheck } from '../../../src/kernels/self-check.ts'
import { gaussian, place, seeds, use } from './support.ts'

const length = fc.integer({ min: 0, max: 40 })

type Drawn = Record<'weights' | 'first' | 'second' | 'gradient', Tensor>

/** Holds what an operation on drawn vectors of any length gives on wasm to what it gives in plain JavaScript. */
async function expectSameBits (operate: (kernels: TensorKernels, drawn: Drawn, scale: number) => Promise<readonly number[]>): Promise<void> {
  await fc.assert(fc.asyncProperty(length, seeds, fc.double({ min: 0, max: 1, noNaN: true }), async (count, seed, scale) => {
    const results: Array<readonly number[]> = []
    for (const backend of ['wasm', 'cpu'] as const) {
      const kernels = await use(backend)
      const vector = (salt: number): Tensor => place(gaussian([count], seed ^ salt))
      const drawn = { weights: vector(0), first: vector(1), second: vector(2), gradient: vector(3) }
      results.push(await operate(kernels, drawn, scale))
      tf.dispose(drawn)
    }
    expect(results[0]).toEqual(results[1])
    expect(results[0]!.every(Number.isFinite)).toBe(true)
  }), { numRuns: 60 })
}

describe('sgd and lion', () => {
  it('give the same bits on wasm as in plain JavaScript', async () => {
    await expectSameBits(async (kernels, { weights, first, second, gradient }, scale) => {
      const trained = { weights, first, second }
      kernels.sgd(trained, gradient, { scale, momentum: 0.9, rate: 3e-3, keep: 0.999 })
      kernels.lion(trained, gradient, { scale, beta1: 0.9, beta2: 0.99, rate: 3e-3, keep: 0.999 })
      return [...await kernels.read(weights), ...await kernels.read(first)]
    })
  })

  it.each(['wasm', 'cpu'] as const)('follow their definitions on %s', async backend => {
    const kernels = await use(backend)
    const [weights, first, gradient] = [[1, 1, 1, 1, 1], [0.5, -0.5, 0, 0, 2], [1, 1, -1, 0, -1]].map(values => tf.tensor1d(values))
    const trained = { weights: weights!, first: first!, second: first! }
    kernels.lion(trained, gradient!, { scale: 1, beta1: 0.5, beta2: 0.75, rate: 0.125, keep: 0.5 })
    expect([...await kernels.read(weights!)]).toEqual([0.375, 0.375, 0.625, 0.5, 0.375])
    expect([...await kernels.read(first!)]).toEqual([0.625, -0.125, -0.25, 0, 1.25])
    kernels.sgd(trained, gradient!, { scale: 2, momentum: 0.5, rate: 0.25, keep: 1 })
    expect([...await kernels.read(first!)]).toEqual([2.3125, 1.9375, -2.125, 0, -1.375])
    expect([...await kernels.read(weights!)]).toEqual([-0.203125, -0.109375, 1.15625, 0.5, 0.71875])
    tf.dispose([weights!, first!, gradient!])
  })
})

describe('adamw and squaredNorm', () => {
  it('give the same bits on wasm as in plain JavaScript', async () => {
    await expectSameBits(async (kernels, { weights, first, second, gradient }, scale) => {
      const moment = tf.abs(second)
      const rules = { scale, beta1: 0.9, beta2: 0.95, rate: 3e-3, correction: 1.7, epsilon: 1e-8, keep: 0.999 }
      kernels.adamw({ weights, first, second: moment }, gradient, rules)
      const read = [...await kernels.read(weights), ...await kernels.read(first), ...await kernels.read(moment)]
      moment.dispose()
      return [...read, await kernels.squaredNorm([gradient])]
    })
  })
})

describe.each(['wasm', 'cpu'] as const)('the self-check on %s', backend => {
  it('passes, and leaves no tensor', async () => {
    await use(backend)
    const before = tf.memory().numTensors
    expect(await selfCheck()).toBeUndefined()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says what a broken kernel gets wrong', async () => {
    await use(backend)
    const kernel = tf.getKernel('BatchMatMul', backend)
    tf.unregisterKernel('BatchMatMul', backend)
    tf.registerKernel({ ...kernel, kernelFunc: call => kernel.kernelFunc({ ...call, inputs: { a: call.inputs['b']!, b: call.inputs['a']! } }) })
    const fault = await selfCheck()
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
