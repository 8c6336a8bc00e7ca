import fc from 'fast-check'
import { describe, it } from 'vitest'
import { transpositions } from './product-reference.ts'
import { seeds } from './support.ts'
import { because, compareProduct, missing } from './webgpu-support.ts'

const side = fc.constantFrom(0, 1, 3, 4, 5, 8, 33, 36)

describe.skipIf(missing !== undefined)(`the matrix product on webgpu${because}`, () => {
  it.each(transpositions)('equals its definition for sides of any alignment; transposed: %s, %s', async (transposeA, transposeB) => {
    await fc.assert(fc.asyncProperty(side, side, side, seeds, async (rows, columns, depth, seed) => {
      await compareProduct({ rows, columns, depth, transposeA, transposeB }, seed)
    }), { numRuns: 40 })
  })
})
