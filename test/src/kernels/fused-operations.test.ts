import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add, causalAttention, crossEntropy, embedding, gelu, groupedAttention, layerNorm, linear, lookup, project, rmsNorm, swiglu, tiedHead
} from '../../../src/kernels/fused-operations.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { words } from '../../../src/random/words.ts'
import { differentiate, distance, finiteDifferences, gaussian, place, seeds, use } from './support.ts'
import type { Values } from './support.ts'

const size = fc.integer({ min: 1, max: 9 })
/** Rounding follows the size of the inputs, about 1, however small a loss comes out of them. */
const INPUT_SIZE = 0.1

interface Operation {
  readonly name: string
  readonly inputs: (a: number, b: number, c: number, seed: number) => Values[]
  readonly compute: (a: number, b: number, c: number, seed: number) => (...inputs: Tensor[]) => Tensor
  /** How much the operation makes of a rounding in these inputs; 1 unless it divides by something small. */
  readonly condition?: (inputs: readonly Values[]) => number
}

/** A row whose values are nearly equal is divided by their small deviation. */
function narrowestRow ([x]: readonly Values[]): number {
  const { shape: [, width = 1], values } = x!
  const deviations = Array.from({ length: values.length / width }, (_, row) => {
    const own = [...values.subarray(row * width, (row + 1) * width)]
    const mean = own.reduce((sum, value) => sum + value, 0) / width
    return Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width)
  })
  return Math.max(1, 1 / Math.min(...deviations))
}

function ids (count: number, below: number, seed: number): Int32Array {
  const source = words(seed, 98)
  return Int32Array.from({ length: count }, () => source.next() % below)
}

/** Cosines and sines of any angles, as rows of a position. */
function turns (length: number, half: number, seed: number): Values {
  const { values } = gaussian([length, half], seed ^ 4, 2)
  const rows = Array.from({ length }, (_, row) => [...values.subarray(row * half, (row + 1) * half)])
  return { shape: [length, 2 * half], values: Float32Array.from(rows.flatMap(row => [...row.map(Math.cos), ...row.map(Math.sin)])) }
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
    compute: () => (x, gain, bias) => layerNorm(x, gain, bias),
    condition: narrowestRow
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
  { name: 'project', inputs: (a, b, c, seed) => [gaussian([a, b], seed), gaussian([b, c], seed ^ 1)], compute: () => (x, weights) => project(x, weights) },
  {
    name: 'rmsNorm',
    inputs: (a, b, _c, seed) => [gaussian([a, b + 2], seed, 2), gaussian([b + 2], seed ^ 1)],
    compute: () => (x, gain) => rmsNorm(x, gain)
  },
  { name: 'swiglu', inputs: (a, b, _c, seed) => [gaussian([a, 2 * b], seed, 2)], compute: () => x => swiglu(x) },
  {
    name: 'groupedAttention',
    // Two queries share a key; the angles stand for any rotation.
    inputs: (a, b, c, seed) => [gaussian([2 * b, 4 * (a % 3 + 1) * 2 * c], seed)],
    compute: (a, b, c, seed) => grouped => groupedAttention(
      grouped, place(turns(b, c, seed)), { batch: 2, length: b, heads: 2 * (a % 3 + 1), groups: a % 3 + 1 }
    )
  },
  {
    name: 'lookup',
    inputs: (a, _b, c, seed) => [gaussian([c, a], seed)],
    compute: (_a, b, c, seed) => table => lookup(table, tf.tensor2d(ids(2 * b, c, seed), [2, b], 'int32'))
  },
  {
    name: 'crossEntropy',
    inputs: (a, b, _c, seed) => [gaussian([a, b], seed, 3)],
    compute: (a, b, _c, seed) => logits => crossEntropy(logits, tf.tensor1d(ids(a, b, seed), 'int32'))
  }
]

describe.each(operations)('$name', ({ inputs, compute, condition = () => 1 }) => {
  const slopeOf = (seed: number) => (shape: number[]): Values => gaussian(shape, seed ^ 3)

  it('gives the same value and gradients on wasm as in plain JavaScript', async () => {
    await fc.assert(fc.asyncProperty(size, size, size, seeds, async (a, b, c, seed) => {
      const run = async (backend: 'wasm' | 'cpu') => await differentiate(backend, inputs(a, b, c, seed), slopeOf(seed), compute(a, b, c, seed))
      const [found, expected] = [await run('wasm'), await run('cpu')]
      expect(distance(found.value, expected.value, INPUT_SIZE)).toBeLessThan(1e-5)
      found.gradients.forEach((gradient, index) => expect(distance(gradient, expected.gradients[index]!, INPUT_SIZE)).toBeLessThan(3e-5 * condition(inputs(a, b, c, seed))))
    }), { numRuns: 40, examples: [[1, 1, 1, 255728921]] })
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
    const looked = tf.tidy(() => [...lookup(tf.ones([3, 2]), tf.tensor2d([-1, 2], [1, 2], 'int32')).dataSync()])
    expect(looked).toEqual([NaN, NaN, 1, 1])
    const loss = tf.tidy(() => crossEntropy(tf.zeros([1, 4]), tf.tensor1d([-1], 'int32')).dataSync()[0]!)
    expect(rows).toEqual([2, 2, 2, 2, 2, NaN, NaN, NaN, NaN, NaN])
    expect(loss).toBeNaN()
  })

  it('refuses more tokens than positions', async () => {
    await use(backend)
    expect(() => tf.tidy(() => embedding(tf.ones([3, 5]), tf.ones([2, 5]), tf.tensor2d([1, 1, 1], [1, 3], 'int32')))).toThrow(RangeError)
  })

  it('swiglu is right far out, where the gate is shut or open', async () => {
    await use(backend)
    const values = tf.tidy(() => [...swiglu(tf.tensor2d([-200, -3, 0, 3, 200, 2, 2, 2, 2, 2], [1, 10])).dataSync()])
    expect(distance(values, [0, -6 / (1 + Math.exp(3)), 0, 6 / (1 + Math.exp(-3)), 400])).toBeLessThan(1e-6)
  })

  it('rmsNorm makes the mean square of a row 1', async () => {
    await use(backend)
    const values = tf.tidy(() => [...rmsNorm(tf.tensor2d([3, 4, 0, 0, 0, 1], [2, 3]), tf.tensor1d([1, 2, 1])).dataSync()])
    const scale = 1 / Math.sqrt(25 / 3)
    expect(distance(values, [3 * scale, 8 * scale, 0, 0, 0, Math.sqrt(3)])).toBeLessThan(1e-4)
  })

  it('gelu is right far out, where the tangent saturates', async () => {
    await use(backend)
    const values = tf.tidy(() => [...gelu(tf.tensor1d([-1e4, -30, -5, 5, 30, 1e4])).dataSync()])
    expect(distance(values, [0, 0, 0, 5, 30, 1e4])).toBeLessThan(1e-6)
  })
})
