import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerComposedKernels } from '../../../src/kernels/composed/composed-kernels.ts'
import { composedTensorKernels } from '../../../src/kernels/composed/composed-training.ts'
import { add, causalAttention, crossEntropy, embedding, gelu, groupedAttention, layerNorm, linear, lookup, rmsNorm, swiglu } from '../../../src/kernels/fused-operations.ts'
import type { TensorKernels, TrainedTensor } from '../../../src/kernels/register.ts'
import { selfCheck } from '../../../src/kernels/self-check.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { words } from '../../../src/random/words.ts'
import { differentiate, distance, gaussian, place, seeds, use } from './support.ts'
import type { Values } from './support.ts'

/** The fused kernels are composed on wasm (tfjs' ops in WebAssembly), and plain on cpu, where they are the reference. */
beforeAll(async () => {
  await use('wasm')
  registerComposedKernels('wasm')
})

const size = fc.oneof(fc.constantFrom(1, 2, 7), fc.integer({ min: 1, max: 12 }))

function ids (count: number, below: number, seed: number): Int32Array {
  const source = words(seed, 98)
  return Int32Array.from({ length: count }, () => source.next() % below)
}

interface Operation {
  readonly name: string
  readonly inputs: (a: number, b: number, c: number, seed: number) => Values[]
  readonly compute: (a: number, b: number, c: number, seed: number) => (...inputs: Tensor[]) => Tensor
}

/** Rows may be none; a, b and c are at least 1. */
const operations: Operation[] = [
  {
    name: 'linear',
    inputs: (a, b, c, seed) => [gaussian([a - 1, b], seed), gaussian([b, c], seed ^ 1), gaussian([c], seed ^ 2)],
    compute: () => (x, weights, bias) => linear(x, weights, bias)
  },
  {
    name: 'layerNorm',
    inputs: (a, b, _c, seed) => [gaussian([a - 1, b + 2], seed, 2), gaussian([b + 2], seed ^ 1), gaussian([b + 2], seed ^ 2)],
    compute: () => (x, gain, bias) => layerNorm(x, gain, bias)
  },
  { name: 'rmsNorm', inputs: (a, b, _c, seed) => [gaussian([a - 1, b + 2], seed, 2), gaussian([b + 2], seed ^ 1)], compute: () => (x, gain) => rmsNorm(x, gain) },
  { name: 'gelu', inputs: (a, b, _c, seed) => [gaussian([a - 1, b], seed, 2)], compute: () => x => gelu(x) },
  { name: 'swiglu', inputs: (a, b, _c, seed) => [gaussian([a - 1, 2 * b], seed, 2)], compute: () => x => swiglu(x) },
  {
    name: 'causalAttention',
    inputs: (a, b, c, seed) => [gaussian([a % 3 * b, 3 * 2 * c], seed)],
    compute: (a, b) => qkv => causalAttention(qkv, { batch: a % 3, length: b, heads: 2 })
  },
  {
    name: 'groupedAttention',
    inputs: (a, b, c, seed) => [gaussian([2 * b, 4 * (a % 3 + 1) * 2 * c], seed)],
    compute: (a, b, c, seed) => grouped => groupedAttention(
      grouped, place(gaussian([b + 1, 2 * c], seed ^ 5)), { batch: 2, length: b, heads: 2 * (a % 3 + 1), groups: a % 3 + 1 }
    )
  },
  {
    name: 'embedding',
    inputs: (a, b, c, seed) => [gaussian([c, a], seed), gaussian([b + 1, a], seed ^ 1)],
    compute: (a, b, c, seed) => (table, positions) => embedding(table, positions, tf.tensor2d(ids(a % 3 * b, c, seed), [a % 3, b], 'int32'))
  },
  {
    name: 'lookup',
    inputs: (a, _b, c, seed) => [gaussian([c, a], seed)],
    compute: (_a, b, c, seed) => table => lookup(table, tf.tensor2d(ids(2 * (b - 1), c, seed), [2, b - 1], 'int32'))
  },
  {
    name: 'crossEntropy',
    inputs: (a, b, _c, seed) => [gaussian([a, b], seed, 3)],
    compute: (a, b, _c, seed) => logits => crossEntropy(logits, tf.tensor1d(ids(a, b, seed), 'int32'))
  }
]

describe.each(operations)('$name, composed of tfjs operations', ({ inputs, compute }) => {
  it('gives the value and gradients of the plain kernel', async () => {
    await fc.assert(fc.asyncProperty(size, size, size, seeds, async (a, b, c, seed) => {
      const run = async (backend: 'wasm' | 'cpu') => await differentiate(backend, inputs(a, b, c, seed), shape => gaussian(shape, seed ^ 3), compute(a, b, c, seed))
      const [found, expected] = [await run('wasm'), await run('cpu')]
      expect(distance(found.value, expected.value, 0.5)).toBeLessThan(1e-5)
      found.gradients.forEach((gradient, index) => expect(distance(gradient, expected.gradients[index]!, 0.5)).toBeLessThan(3e-5))
    }), { numRuns: 30 })
  })
})

describe('the composed kernels', () => {
  it('pass the self-check of a backend', async () => {
    await use('wasm')
    expect(await selfCheck()).toBeUndefined()
  })

  it('show an id or target outside its table as NaN, and leave it out of gradients', async () => {
    await use('wasm')
    const looked = tf.tidy(() => [...lookup(tf.ones([3, 2]), tf.tensor2d([-1, 2, 3], [1, 3], 'int32')).dataSync()])
    expect(looked).toEqual([NaN, NaN, 1, 1, NaN, NaN])
    const loss = tf.tidy(() => crossEntropy(tf.zeros([2, 4]), tf.tensor1d([0, 4], 'int32')).dataSync()[0]!)
    expect(loss).toBeNaN()
    const dtable = tf.tidy(() => [...tf.grad(table => lookup(table, tf.tensor2d([-1, 2, 3], [1, 3], 'int32')))(tf.ones([3, 1]), tf.ones([3, 1])).dataSync()])
    expect(dtable).toEqual([0, 0, 1])
  })

  it('stay finite for extreme logits', async () => {
    await use('wasm')
    const loss = tf.tidy(() => crossEntropy(tf.tensor2d([1e4, 0, -1e4, 80, 80, 80], [2, 3]), tf.tensor1d([0, 2], 'int32')).dataSync()[0]!)
    expect(loss).toBeCloseTo(Math.log(3) / 2, 5)
  })

  it('leave no tensor behind', async () => {
    await use('wasm')
    const step = (): void => tf.tidy(() => {
      const qkv = place(gaussian([6, 12], 1))
      tf.grad(x => add(causalAttention(x, { batch: 2, length: 3, heads: 2 }), gelu(place(gaussian([6, 4], 2)))))(qkv)
    })
    step()
    const before = tf.memory().numTensors
    step()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe.each(['wasm', 'cpu'] as const)('training by replaced tensors on %s', backend => {
  const length = fc.integer({ min: 0, max: 40 })
  const fresh = (count: number, seed: number): { trained: TrainedTensor, gradient: Tensor } => {
    const [weights, first, second, gradient] = [0, 1, 2, 3].map(salt => place(gaussian([count], seed ^ salt)))
    return { trained: { weights: weights!, first: first!, second: tf.tidy(() => tf.abs(second!)) }, gradient: gradient! }
  }
  const stepped = async (kernels: TensorKernels, count: number, seed: number, scale: number): Promise<number[]> => {
    const { trained, gradient } = fresh(count, seed)
    kernels.adamw(trained, gradient, { scale, beta1: 0.9, beta2: 0.95, rate: 3e-3, correction: 1.7, epsilon: 1e-8, keep: 0.999 })
    kernels.sgd(trained, gradient, { scale, momentum: 0.9, rate: 3e-3, keep: 0.999 })
    kernels.lion(trained, gradient, { scale, beta1: 0.9, beta2: 0.99, rate: 3e-3, keep: 0.999 })
    const norm = await kernels.squaredNorm([gradient, trained.weights])
    const values = [...await kernels.read(trained.weights), ...await kernels.read(trained.first), ...await kernels.read(trained.second)]
    tf.dispose([trained.weights, trained.first, trained.second, gradient])
    return [...values, norm]
  }

  it('takes the steps of the kernels that write into tensors', async () => {
    const reference = await use(backend)
    const composed = composedTensorKernels('composed')
    await fc.assert(fc.asyncProperty(length, seeds, fc.double({ min: 0.01, max: 1, noNaN: true }), async (count, seed, scale) => {
      const [found, expected] = [await stepped(composed, count, seed, scale), await stepped(reference, count, seed, scale)]
      expect(distance(found, expected)).toBeLessThan(1e-6)
    }), { numRuns: 40 })
  })

  it('writes by replacing, and keeps what it replaces with', async () => {
    await use(backend)
    const kernels = composedTensorKernels('composed')
    const { trained } = fresh(3, 1)
    const given = Float32Array.of(1, 2, 3)
    tf.tidy(() => { kernels.write(trained, 'weights', given) })
    given.fill(0)
    tf.tidy(() => { kernels.replace(trained, 'first', tf.mul(trained.weights, 2)) })
    expect([...await kernels.read(trained.weights)]).toEqual([1, 2, 3])
    expect([...await kernels.read(trained.first)]).toEqual([2, 4, 6])
    tf.dispose([trained.weights, trained.first, trained.second])
  })
})
