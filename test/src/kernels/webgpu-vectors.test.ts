import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crossEntropy, embedding, gelu, layerNorm, lookup, swiglu } from '../../../src/kernels/fused-operations.ts'
import { FUSED } from '../../../src/kernels/fused-kernels.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import type { TensorKernels, TrainedTensor } from '../../../src/kernels/register.ts'
import { COMPUTE_STAGE, USAGE } from '../../../src/kernels/webgpu/device.ts'
import type { WebgpuBackend } from '../../../src/kernels/webgpu/device.ts'
import { distance, gaussian, place, seeds } from './support.ts'
import { because, missing, use } from './webgpu-support.ts'

const length = fc.integer({ min: 0, max: 600 })

/** Values of a computation on the device. */
async function valuesOf (compute: () => Tensor): Promise<number[]> {
  const kernels = await use('webgpu')
  const tensor = tf.tidy(compute)
  const values = await kernels.read(tensor)
  tensor.dispose()
  return [...values]
}

describe.skipIf(missing !== undefined)(`webgpu${because}`, () => {
  it('takes the same optimizer steps as in plain JavaScript', async () => {
    const stepped = async (backend: 'webgpu' | 'cpu', count: number, seed: number, scale: number): Promise<Float32Array[]> => {
      const kernels = await use(backend)
      const [weights, first, second, gradient] = [0, 1, 2, 3].map(salt => place(gaussian([count], seed ^ salt))) as [Tensor, Tensor, Tensor, Tensor]
      const trained: TrainedTensor = { weights, first, second: tf.abs(second) }
      kernels.adamw(trained, gradient, { scale, beta1: 0.9, beta2: 0.95, rate: 3e-3, correction: 1.7, epsilon: 1e-8, keep: 0.999 })
      kernels.sgd(trained, gradient, { scale, momentum: 0.9, rate: 3e-3, keep: 0.999 })
      kernels.lion(trained, gradient, { scale, beta1: 0.9, beta2: 0.99, rate: 3e-3, keep: 0.999 })
      const results = await Promise.all([trained.weights, trained.first, trained.second].map(async tensor => await kernels.read(tensor)))
      const norm = await kernels.squaredNorm([gradient, trained.first, gradient])
      tf.dispose([trained.weights, trained.first, trained.second, second, gradient])
      return [...results, Float32Array.of(norm)]
    }
    await fc.assert(fc.asyncProperty(length, seeds, fc.double({ min: 0, max: 1, noNaN: true }), async (count, seed, scale) => {
      const [found, expected] = [await stepped('webgpu', count, seed, scale), await stepped('cpu', count, seed, scale)]
      found.forEach((values, index) => expect(distance(values, expected[index]!)).toBeLessThan(3e-6))
    }), { numRuns: 20 })
  })

  it('sums the squares of many tensors, some without values', async () => {
    const kernels = await use('webgpu')
    const all = [0, 1, 20_000, 0, 7, 8192].map((count, index) => gaussian([count], index))
    const tensors = all.map(place)
    const expected = all.flatMap(({ values }) => [...values]).reduce((sum, value) => sum + value * value, 0)
    expect(await kernels.squaredNorm(tensors)).toBeCloseTo(expected, 1)
    expect(await kernels.squaredNorm([])).toBe(0)
    tf.dispose(tensors)
  })

  it('an infinite gradient shows in the norm', async () => {
    const kernels = await use('webgpu')
    const tensors = [tf.tensor1d([1, Infinity]), tf.tensor1d([1, NaN])]
    expect(await kernels.squaredNorm(tensors.slice(0, 1))).toBe(Infinity)
    expect(await kernels.squaredNorm(tensors)).toBeNaN()
    tf.dispose(tensors)
  })

  describe('tensors in training', () => {
    const started = async (): Promise<{ readonly kernels: TensorKernels, readonly trained: TrainedTensor }> => ({
      kernels: await use('webgpu'), trained: { weights: tf.tensor1d([1, 2, 3]), first: tf.zeros([3]), second: tf.zeros([3]) }
    })
    const step = { scale: 1, momentum: 0, rate: 1, keep: 1 }

    it('are written in place, and whoever reads afterwards sees it', async () => {
      const { kernels, trained } = await started()
      const gradient = tf.tensor1d([1, 1, 1])
      // tfjs keeps what it has read; after a step that must not be believed.
      expect([...await trained.weights.data()]).toEqual([1, 2, 3])
      const reading = kernels.read(trained.weights)
      kernels.sgd(trained, gradient, step)
      expect([...await trained.weights.data()]).toEqual([0, 1, 2])
      kernels.write(trained, 'weights', Float32Array.of(7, 8, 9))
      const doubled = tf.mul(trained.weights, 2)
      kernels.write(trained, 'weights', new Float32Array(new SharedArrayBuffer(12)).fill(5))
      expect([...await kernels.read(doubled)]).toEqual([14, 16, 18])
      expect([...await kernels.read(trained.weights)]).toEqual([5, 5, 5])
      expect([...await reading]).toEqual([1, 2, 3])
      tf.dispose([trained.weights, trained.first, trained.second, gradient, doubled])
    })

    it('are replaced without leaving the old ones', async () => {
      const { kernels, trained } = await started()
      const before = tf.memory().numTensors
      tf.tidy(() => { kernels.replace(trained, 'first', tf.ones([3])) })
      expect([...await kernels.read(trained.first)]).toEqual([1, 1, 1])
      expect(tf.memory().numTensors).toBe(before)
      tf.dispose([trained.weights, trained.first, trained.second])
    })

    it('refuse values of another length', async () => {
      const { kernels, trained } = await started()
      expect(() => { kernels.write(trained, 'weights', new Float32Array(2)) }).toThrow(RangeError)
      tf.dispose([trained.weights, trained.first, trained.second])
    })
  })

  it('softmax cross-entropy of extreme logits stays finite', async () => {
    const loss = await valuesOf(() => crossEntropy(tf.tensor2d([1e4, 0, -1e4, 80, 80, 80], [2, 3]), tf.tensor1d([0, 2], 'int32')))
    expect(loss[0]).toBeCloseTo(Math.log(3) / 2, 5)
  })

  it('an id or target outside its table shows as NaN, and no gradient goes there', async () => {
    expect(await valuesOf(() => embedding(tf.ones([3, 5]), tf.ones([2, 5]), tf.tensor2d([1, 3], [1, 2], 'int32')))).toEqual([2, 2, 2, 2, 2, NaN, NaN, NaN, NaN, NaN])
    expect(await valuesOf(() => lookup(tf.ones([3, 2]), tf.tensor2d([-1, 2], [1, 2], 'int32')))).toEqual([NaN, NaN, 1, 1])
    expect((await valuesOf(() => crossEntropy(tf.zeros([1, 4]), tf.tensor1d([-1], 'int32'))))[0]).toBeNaN()
    expect(await valuesOf(() => tf.grad(table => lookup(table, tf.tensor2d([-1, 2, 3, 2], [1, 4], 'int32')))(tf.ones([3, 2]), tf.ones([4, 2])))).toEqual([0, 0, 0, 0, 2, 2])
  })

  it('gates and activations are right far out', async () => {
    expect(distance(await valuesOf(() => gelu(tf.tensor1d([-1e4, -30, -5, 5, 30, 1e4]))), [0, 0, 0, 5, 30, 1e4])).toBeLessThan(1e-6)
    const gates = await valuesOf(() => swiglu(tf.tensor2d([-200, -3, 0, 3, 200, 2, 2, 2, 2, 2], [1, 10])))
    expect(distance(gates, [0, -6 / (1 + Math.exp(3)), 0, 6 / (1 + Math.exp(-3)), 400])).toBeLessThan(1e-6)
  })

  it('a sum over no rows is zero', async () => {
    const columns = tf.tidy(() => tf.engine().runKernel<Tensor>(FUSED.columnSum, { x: tf.zeros([0, 3]) }))
    expect([...await (await use('webgpu')).read(columns)]).toEqual([0, 0, 0])
    columns.dispose()
    expect(await valuesOf(() => layerNorm(tf.zeros([0, 4]), tf.ones([4]), tf.ones([4])))).toEqual([])
  })

  it('takes more rows and values than one dimension of workgroups counts', async () => {
    const rows = 65_536 + 3
    const normed = await valuesOf(() => tf.slice(layerNorm(tf.tile(tf.tensor2d([[1, 3]]), [rows, 1]), tf.ones([2]), tf.zeros([2])), [rows - 1, 0], [1, 2]))
    expect(distance(normed, [-1, 1])).toBeLessThan(1e-4)
    const count = 65_536 * 256 + 5
    expect(distance(await valuesOf(() => tf.slice(gelu(tf.fill([count], 5)), [count - 2], [2])), [5, 5])).toBeLessThan(1e-5)
  })

  it('says when a tensor is larger than the device binds', async () => {
    const kernels = await use('webgpu')
    const { device } = tf.backend() as unknown as { device: { limits: { maxStorageBufferBindingSize: number } } }
    const count = device.limits.maxStorageBufferBindingSize / 4 + 64
    if (count > 2 ** 28) return
    const large = tf.tensor1d(new Float32Array(count))
    expect(() => gelu(large)).toThrow(/this device binds at most/)
    large.dispose()
    expect(kernels.variant).toBe('webgpu-1')
  })

  it('says at the next read that the device refused a command, and goes on saying so', async () => {
    const kernels = await use('webgpu')
    const { device } = tf.backend() as WebgpuBackend
    const tensor = tf.tensor1d([1, 2])
    // A buffer cannot be bound for a use that it was not made for.
    device.createBindGroup({
      layout: device.createBindGroupLayout({ entries: [{ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: 'storage' } }] }),
      entries: [{ binding: 0, resource: { buffer: device.createBuffer({ size: 16, usage: USAGE.copyDestination }) } }]
    })
    const refused = { code: 'TRAINER_FAILED', message: 'the graphics device failed', why: expect.stringMatching(/usage.*\.$/) as unknown, tryThis: expect.stringContaining('--backend wasm') as unknown }
    await expect(kernels.read(tensor)).rejects.toMatchObject(refused)
    await expect(kernels.squaredNorm([tensor])).rejects.toMatchObject(refused)
    tensor.dispose()
  })
})
