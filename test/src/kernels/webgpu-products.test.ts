import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { planProduct } from '../../../src/kernels/webgpu/matmul-shaders.ts'
import { bruteForce, operands, transpositions } from './product-reference.ts'
import { distance, gaussian, place } from './support.ts'
import { because, compareProduct, missing, use } from './webgpu-support.ts'

describe.skipIf(missing !== undefined)(`the matrix product on webgpu${because}`, () => {
  it.each(transpositions)('equals its definition for sides of 3 and 33; transposed: %s, %s', async (transposeA, transposeB) => {
    await compareProduct({ rows: 3, columns: 33, depth: 33, transposeA, transposeB }, 1)
  })

  it.each([[0, 3, 3], [3, 0, 3], [3, 3, 0], [1, 1, 1]])('equals its definition for %i rows, %i columns and a depth of %i', async (rows, columns, depth) => {
    await compareProduct({ rows, columns, depth, transposeA: false, transposeB: false }, 1)
  })

  it.each([
    { rows: 64, columns: 36, depth: 1040, transposeA: true, transposeB: false },
    { rows: 37, columns: 70, depth: 515, transposeA: false, transposeB: true },
    { rows: 640, columns: 644, depth: 20, transposeA: false, transposeB: false },
    { rows: 1411, columns: 1030, depth: 9, transposeA: true, transposeB: true }
  ])('equals its definition for every tile and divided depths: %j', async shape => {
    const kernels = await use('webgpu')
    const { transposeA, transposeB } = shape
    const { a, b } = operands(shape, 7)
    // A bias keeps the depth whole.
    const bias = shape.depth < 100 ? gaussian([shape.columns], 3) : undefined
    const product = tf.tidy(() => {
      const [left, right] = [place(a) as Tensor2D, place(b) as Tensor2D]
      return bias === undefined ? tf.matMul(left, right, transposeA, transposeB) : tf.fused.matMul({ a: left, b: right, bias: place(bias), transposeA, transposeB })
    })
    expect(distance(await kernels.read(product), bruteForce(a.values, b.values, shape, bias?.values))).toBeLessThan(1e-5)
    product.dispose()
  })

  it('takes batches, alike, single or partly broadcast, and fused activations', async () => {
    const kernels = await use('webgpu')
    const [a, b] = [gaussian([3, 4, 5], 1), gaussian([3, 5, 6], 2)]
    const one = (index: number, other: number, relu = false): number[] => bruteForce(
      a.values.subarray(index * 20), b.values.subarray(other * 30), { rows: 4, columns: 6, depth: 5, transposeA: false, transposeB: false }
    ).map(value => relu ? Math.max(0, value) : value)
    const check = async (expected: number[], compute: () => Tensor3D): Promise<void> => {
      const product = tf.tidy(compute)
      expect(distance(await kernels.read(product), expected)).toBeLessThan(1e-5)
      product.dispose()
    }
    const [left, right] = [place(a) as Tensor3D, place(b) as Tensor3D]
    await check([0, 1, 2].flatMap(i => one(i, i)), () => tf.matMul(left, right))
    await check([0, 1, 2].flatMap(i => one(i, 0)), () => tf.matMul(left, tf.slice(right, [0, 0, 0], [1, 5, 6])))
    await check([0, 1, 2].flatMap(i => one(i, i, true)), () => tf.fused.matMul({ a: left, b: right, activation: 'relu' }) as Tensor3D)
    const paired = () => tf.reshape<tf.Rank.R3>(tf.matMul(tf.reshape(left, [3, 1, 4, 5]), tf.reshape(right, [1, 3, 5, 6])), [9, 4, 6])
    await check([0, 1, 2].flatMap(i => [0, 1, 2].flatMap(j => one(i, j))), paired)
    tf.dispose([left, right])
  })
})

describe('the plan of a product', () => {
  const plan = (rows: number, columns: number, depth: number, hasBias = false) => planProduct({ batch: 1, rows, columns, depth, transposeA: false, transposeB: false, hasBias })

  it('takes the largest tile that keeps a device busy', () => {
    expect(plan(8192, 768, 768)).toMatchObject({ edge: 128, parts: 1 })
    expect(plan(1024, 768, 768)).toMatchObject({ edge: 64, parts: 1 })
    expect(plan(64, 64, 64)).toMatchObject({ edge: 32, parts: 1 })
  })

  it('divides a great depth where the result is small, unless a bias is added', () => {
    expect(plan(64, 64, 4096)).toMatchObject({ edge: 32, parts: 16 })
    expect(plan(64, 64, 4096, true)).toMatchObject({ parts: 1 })
  })

  it('covers the depth once, in whole tiles', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 20_000 }), (edge, depth) => {
      const { parts, partDepth } = plan(edge, edge, depth)
      expect(partDepth % 16).toBe(0)
      expect(parts * partDepth).toBeGreaterThanOrEqual(depth)
      expect((parts - 1) * partDepth).toBeLessThan(Math.max(1, depth))
    }))
  })
})
