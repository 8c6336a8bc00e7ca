import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import { distance, gaussian, place, seeds, use } from './support.ts'
import type { Values } from './support.ts'

interface Sizes { rows: number, columns: number, depth: number, transposeA: boolean, transposeB: boolean }

function operands ({ rows, columns, depth, transposeA, transposeB }: Sizes, seed: number): { a: Values, b: Values } {
  return {
    a: gaussian(transposeA ? [depth, rows] : [rows, depth], seed),
    b: gaussian(transposeB ? [columns, depth] : [depth, columns], seed ^ 1)
  }
}

/** The definition, in double precision. */
function bruteForce (a: Float32Array, b: Float32Array, { rows, columns, depth, transposeA, transposeB }: Sizes, bias?: Float32Array): number[] {
  return Array.from({ length: rows * columns }, (_, index) => {
    const [i, j] = [Math.floor(index / columns), index % columns]
    let sum = bias?.[j] ?? 0
    for (let k = 0; k < depth; k++) sum += a[transposeA ? k * rows + i : i * depth + k]! * b[transposeB ? j * depth + k : k * columns + j]!
    return sum
  })
}

const size = fc.integer({ min: 0, max: 21 })
const sizes = fc.record({ rows: size, columns: size, depth: size, transposeA: fc.boolean(), transposeB: fc.boolean() })

beforeAll(async () => { await use('wasm') })

describe('the matrix product on wasm', () => {
  it('equals its definition for any shape and transposition', () => {
    fc.assert(fc.property(sizes, seeds, (shape, seed) => {
      const { a, b } = operands(shape, seed)
      const found = tf.tidy(() => tf.matMul(place(a), place(b), shape.transposeA, shape.transposeB).dataSync())
      expect(distance(found, bruteForce(a.values, b.values, shape))).toBeLessThan(1e-5)
    }), { numRuns: 300 })
  })

  it.each([
    { rows: 61, columns: 9, depth: 257, transposeA: false, transposeB: false },
    { rows: 7, columns: 517, depth: 30, transposeA: true, transposeB: false },
    { rows: 121, columns: 513, depth: 515, transposeA: false, transposeB: true },
    { rows: 60, columns: 512, depth: 256, transposeA: true, transposeB: true },
    { rows: 5, columns: 3, depth: 0, transposeA: false, transposeB: false }
  ])('equals its definition across blocks: %j', shape => {
    const { a, b } = operands(shape, 7)
    const bias = gaussian([shape.columns], 3)
    const found = tf.tidy(() => tf.fused.matMul({
      a: place(a), b: place(b), bias: place(bias), transposeA: shape.transposeA, transposeB: shape.transposeB
    }).dataSync())
    expect(distance(found, bruteForce(a.values, b.values, shape, bias.values))).toBeLessThan(1e-5)
  })

  it('adds a bias once and applies an activation, whatever is transposed', () => {
    fc.assert(fc.property(sizes, seeds, fc.constantFrom<'linear' | 'relu'>('linear', 'relu'), fc.boolean(), (shape, seed, activation, isScalar) => {
      const { a, b } = operands(shape, seed)
      const bias = gaussian([isScalar ? 1 : shape.columns], seed ^ 2)
      const found = tf.tidy(() => tf.fused.matMul({
        a: place(a), b: place(b), bias: place(bias), activation, transposeA: shape.transposeA, transposeB: shape.transposeB
      }).dataSync())
      const columnBias = isScalar ? new Float32Array(shape.columns).fill(bias.values[0]!) : bias.values
      const expected = bruteForce(a.values, b.values, shape, columnBias).map(value => activation === 'relu' ? Math.max(0, value) : value)
      expect(distance(found, expected)).toBeLessThan(1e-5)
    }), { numRuns: 100 })
  })

  it('broadcasts batches as the cpu backend does', async () => {
    const cases = [[[3, 5, 4], [3, 4, 2]], [[1, 5, 4], [3, 4, 2]], [[3, 5, 4], [4, 2]], [[2, 3, 5, 4], [2, 3, 4, 2]]] as const
    for (const [left, right] of cases) {
      const [a, b] = [gaussian([...left], 1), gaussian([...right], 2)]
      const products = []
      for (const backend of ['wasm', 'cpu'] as const) {
        await use(backend)
        products.push(tf.tidy(() => tf.matMul(place(a), place(b)).dataSync()))
      }
      expect(distance(products[0]!, products[1]!)).toBeLessThan(1e-5)
    }
    await use('wasm')
  })

  it('broadcasts a batch dimension in the middle, where the cpu backend does not', () => {
    const [a, b] = [gaussian([2, 1, 3, 5], 1), gaussian([2, 2, 5, 3], 2)]
    const [found, expected] = tf.tidy(() => [tf.matMul(place(a), place(b)).dataSync(), tf.matMul(tf.tile(place(a), [1, 2, 1, 1]), place(b)).dataSync()] as const)
    expect([...found]).toEqual([...expected])
  })

  it('sees a tensor that was updated in place', async () => {
    const kernels = await use('wasm')
    const [a, b] = [tf.ones([2, 2]), tf.ones([2, 2])]
    const product = (): number[] => tf.tidy(() => [...tf.matMul(a, b).dataSync()])
    expect(product()).toEqual([2, 2, 2, 2])
    kernels.write({ weights: b, first: b, second: b }, 'weights', new Float32Array(4).fill(3))
    expect(product()).toEqual([6, 6, 6, 6])
    tf.dispose([a, b])
  })

  it('clones without copying', async () => {
    const kernels = await use('wasm')
    const original = tf.tensor1d([1, 2, 3])
    const clone = original.clone()
    kernels.write({ weights: original, first: original, second: original }, 'weights', Float32Array.of(9, 2, 3))
    expect([...clone.dataSync()]).toEqual([9, 2, 3])
    original.dispose()
    expect([...clone.dataSync()]).toEqual([9, 2, 3])
    clone.dispose()
  })
})
