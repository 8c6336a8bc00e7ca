import { expect } from 'vitest'
import {
  add, causalAttention, crossEntropy, embedding, gelu, groupedAttention, layerNorm, linear, lookup, project, rmsNorm, swiglu, tiedHead
} from '../../../src/kernels/fused-operations.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { words } from '../../../src/random/words.ts'
import { distance, gaussian, place } from './support.ts'
import type { Values } from './support.ts'
import { differentiate } from './webgpu-support.ts'

/** Rounding follows the size of the inputs, about 1, however small a loss comes out of them. */
const INPUT_SIZE = 0.1

type Sizes = readonly [a: number, b: number, c: number]

export interface Operation {
  readonly name: string
  readonly inputs: (a: number, b: number, c: number, seed: number) => Values[]
  readonly compute: (a: number, b: number, c: number, seed: number) => (...inputs: Tensor[]) => Tensor
  /** Sizes beyond one workgroup, tile or row of threads. */
  readonly large: Sizes
  /** Heads so wide that software drivers compile their shaders for a minute. */
  readonly widest?: Sizes
}

function ids (count: number, below: number, seed: number): Int32Array {
  const source = words(seed, 98)
  return Int32Array.from({ length: count }, () => source.next() % below)
}

/** Cosines and sines of any angles, as rows of a position. */
function turns (length: number, pairs: number, seed: number): Values {
  const { values } = gaussian([length, pairs], seed ^ 4, 2)
  const rows = Array.from({ length }, (_, row) => [...values.subarray(row * pairs, (row + 1) * pairs)])
  return { shape: [length, 2 * pairs], values: Float32Array.from(rows.flatMap(row => [...row.map(Math.cos), ...row.map(Math.sin)])) }
}

export const operations: readonly Operation[] = [
  {
    name: 'linear',
    inputs: (a, b, c, seed) => [gaussian([a, b], seed), gaussian([b, c], seed ^ 1), gaussian([c], seed ^ 2)],
    compute: () => (x, weights, bias) => linear(x, weights, bias),
    large: [530, 37, 44]
  },
  {
    name: 'project',
    inputs: (a, b, c, seed) => [gaussian([a, b], seed), gaussian([b, c], seed ^ 1)],
    compute: () => (x, weights) => project(x, weights),
    large: [33, 70, 64]
  },
  {
    name: 'tiedHead',
    inputs: (a, b, c, seed) => [gaussian([a, b], seed), gaussian([c, b], seed ^ 1)],
    compute: () => (x, table) => tiedHead(x, table),
    large: [40, 68, 131]
  },
  { name: 'add', inputs: (a, b, _c, seed) => [gaussian([a, b], seed), gaussian([a, b], seed ^ 1)], compute: () => (x, y) => add(x, y), large: [17, 33, 1] },
  {
    name: 'layerNorm',
    inputs: (a, b, _c, seed) => [gaussian([a, b + 2], seed, 2), gaussian([b + 2], seed ^ 1), gaussian([b + 2], seed ^ 2)],
    compute: () => (x, gain, bias) => layerNorm(x, gain, bias),
    large: [520, 299, 1]
  },
  {
    name: 'rmsNorm',
    inputs: (a, b, _c, seed) => [gaussian([a, b + 2], seed, 2), gaussian([b + 2], seed ^ 1)],
    compute: () => (x, gain) => rmsNorm(x, gain),
    large: [300, 1100, 1]
  },
  { name: 'gelu', inputs: (a, b, _c, seed) => [gaussian([a, b], seed, 2)], compute: () => x => gelu(x), large: [31, 33, 1] },
  { name: 'swiglu', inputs: (a, b, _c, seed) => [gaussian([a, 2 * b], seed, 2)], compute: () => x => swiglu(x), large: [31, 33, 1] },
  {
    name: 'causalAttention',
    inputs: (a, b, c, seed) => [gaussian([2 * b, 3 * (a % 3 + 1) * c], seed)],
    compute: (a, b) => qkv => causalAttention(qkv, { batch: 2, length: b, heads: a % 3 + 1 }),
    large: [1, 97, 8],
    widest: [1, 97, 36]
  },
  {
    name: 'groupedAttention',
    // Two queries share a key; the angles stand for any rotation.
    inputs: (a, b, c, seed) => [gaussian([2 * b, 4 * (a % 3 + 1) * 2 * c], seed)],
    compute: (a, b, c, seed) => grouped => groupedAttention(grouped, place(turns(b, c, seed)), { batch: 2, length: b, heads: 2 * (a % 3 + 1), groups: a % 3 + 1 }),
    large: [1, 70, 4],
    widest: [1, 70, 32]
  },
  {
    name: 'embedding',
    inputs: (a, b, c, seed) => [gaussian([c, a], seed), gaussian([b + 1, a], seed ^ 1)],
    compute: (_a, b, c, seed) => (table, positions) => embedding(table, positions, tf.tensor2d(ids(2 * b, c, seed), [2, b], 'int32')),
    large: [67, 90, 40]
  },
  {
    name: 'lookup',
    inputs: (a, _b, c, seed) => [gaussian([c, a], seed)],
    compute: (_a, b, c, seed) => table => lookup(table, tf.tensor2d(ids(2 * b, c, seed), [2, b], 'int32')),
    large: [1030, 9, 5]
  },
  {
    name: 'crossEntropy',
    inputs: (a, b, _c, seed) => [gaussian([a, b], seed, 3)],
    compute: (a, b, _c, seed) => logits => crossEntropy(logits, tf.tensor1d(ids(a, b, seed), 'int32')),
    large: [300, 259, 1]
  }
]

/** Value and gradients of an operation on the device against plain JavaScript. */
export async function compare ({ inputs, compute }: Operation, a: number, b: number, c: number, seed: number): Promise<void> {
  const run = async (backend: 'webgpu' | 'cpu') => await differentiate(backend, inputs(a, b, c, seed), shape => gaussian(shape, seed ^ 3), compute(a, b, c, seed))
  const [found, expected] = [await run('webgpu'), await run('cpu')]
  expect(distance(found.value, expected.value, INPUT_SIZE)).toBeLessThan(1e-5)
  found.gradients.forEach((gradient, index) => expect(distance(gradient, expected.gradients[index]!, INPUT_SIZE)).toBeLessThan(3e-5))
}
