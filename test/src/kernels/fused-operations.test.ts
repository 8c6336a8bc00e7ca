import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, causalAttention, crossEntropy, embedding, gelu, layerNorm, linear, tiedHead } from '../../../src/kernels/fused-operations.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { words } from '../../../src/random/words.ts'
import { differentiate, distance, finiteDifferences, gaussian, place, seeds, use } from './support.ts'
import type { Values } from './support.ts'

const size = fc.integer({ min: 1, max: 9 })

interface Operation {
  readonly name: string
  readonly inputs: (a: number, b: number, c: number, seed: number) => Values[]
  readonly compute: (a: number, b: number, c: number, seed: number) => (...inputs: Tensor[]) => Tensor
}

function ids (count: number, below: number, seed: number): Int32Array {
  const source = words(seed, 98)
  return Int32Array.from({ length: count }, () => source.next() % below)
}

const operations: Operation[] = [
  {
    name: 'linear',
    inputs: (a, b, c, seed) => [gaussian([a, b], seed), gaussian([b, c], seed ^ 1), gaussian([c], seed ^ 2)],
    compute: () => (x, weights, bias) => linear(x, weights, bias)
  },
  { name: 'tiedHead', inputs: (a, b, c, seed) => [gaussian([a, b], seed), gaussian([c, b], seed ^ 1)], compute: () => (x, table) => tiedHead(x, table) },
  { name: 'add', inputs: (a, b, _c, seed) => [gaussian([a, b], seed), gaussian([a, b], seed ^ 1)], compute: () => (x, y) => add(x, y) },
  {
    name: 'layerNorm',
    inputs: (a, b, _c, seed) => [gaussian([a, b + 2], seed, 2), gaussian([b + 2], seed ^ 1), gaussian([b + 2], seed ^ 2)],
    compute: () => (x, gain, bias) => layerNorm(x, gain, bias)
  },
  { name: 'gelu', inputs: (a, b, _c, seed) => [gaussian([a, b], seed, 2)], compute: () => x => gelu(x) },
  {
    name: 'causalAttention',
    inputs: (a, b, c, seed) => [gaussian([2 * b, 3 * (a % 3 + 1) * c], seed)],
    compute: (a, b) => qkv => causalAttention(qkv, { batch: 2, length: b, heads: a % 3 + 1 })
  },
  {
    name: 'embedding',
    inputs: (a, b, c, seed) => [gaussian([c, a], seed), gaussian([b + 1, a], seed ^ 1)],
    compute: (_a, b, c, seed) => (table, positions) => embedding(table, positions, tf.tensor2d(ids(2 * b, c, seed), [2, b], 'int32'))
  },
  {
    name: 'crossEntropy',
    inputs: (a, b, _c, seed) => [gaussian([a, b], seed, 3)],
    compute: (a, b, _c, seed) => logits => crossEntropy(logits, tf.tensor1d(ids(a, b, seed), 'int32'))
  }
]

describe.each(operations)('$name', ({ inputs, compute }) => {
  const slopeOf = (seed: number) => (shape: number[]): Values => gaussian(shape, seed ^ 3)

  it('gives the same value and gradients on wasm as in plain JavaScript', async () => {
    await fc.assert(fc.asyncProperty(size, size, size, seeds, async (a, b, c, seed) => {
      const run = async (backend: 'wasm' | 'cpu') => await differentiate(backend, inputs(a, b, c, seed), slopeOf(seed), compute(a, b, c, seed))
      const [found, expected] = [await run('wasm'), await run('cpu')]
      expect(distance(found.value, expected.value)).toBeLessThan(1e-5)
      found.gradients.forEach((gradient, index) => expect(distance(gradient, expected.gradients[index]!)).toBeLessThan(3e-5))
    }), { numRuns: 40 })
  })

  it('has the gradient that finite differences show', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), seeds, async (a, b, c, seed) => {
      const { gradients } = await differentiate('cpu', inputs(a, b, c, seed), slopeOf(seed), compute(a, b, c, seed))
      const expected = await finiteDifferences(inputs(a, b, c, seed), slopeOf(seed), compute(a, b, c, seed))
      gradients.forEach((gradient, index) => expect(distance(gradient, expected[index]!)).toBeLessThan(0.03))
    }), { numRuns: 6 })
  })
})

describe.each(['wasm', 'cpu'] as const)('on %s', backend => {
  it('softmax cross-entropy of extreme logits stays finite', async () => {
    await use(backend)
    const loss = tf.tidy(() => crossEntropy(place({ shape: [2, 3], values: Float32Array.of(1e4, 0, -1e4, 80, 80, 80) }), tf.tensor1d([0, 2], 'int32')).dataSync()[0]!)
    expect(loss).toBeCloseTo(Math.log(3) / 2, 5)
  })

  it('an id or target outside its table shows as NaN', async () => {
    await use(backend)
    const rows = tf.tidy(() => [...embedding(tf.ones([3, 5]), tf.ones([2, 5]), tf.tensor2d([1, 3], [1, 2], 'int32')).dataSync()])
    const loss = tf.tidy(() => crossEntropy(tf.zeros([1, 4]), tf.tensor1d([-1], 'int32')).dataSync()[0]!)
    expect(rows).toEqual([2, 2, 2, 2, 2, NaN, NaN, NaN, NaN, NaN])
    expect(loss).toBeNaN()
  })

  it('refuses more tokens than positions', async () => {
    await use(backend)
    expect(() => tf.tidy(() => embedding(tf.ones([3, 5]), tf.ones([2, 5]), tf.tensor2d([1, 1, 1], [1, 3], 'int32')))).toThrow(RangeError)
  })

  it('gelu is right far out, where the tangent saturates', async () => {
    await use(backend)
    const values = tf.tidy(() => [...gelu(tf.tensor1d([-1e4, -30, -5, 5, 30, 1e4])).dataSync()])
    expect(distance(values, [0, 0, 0, 5, 30, 1e4])).toBeLessThan(1e-6)
  })
})
