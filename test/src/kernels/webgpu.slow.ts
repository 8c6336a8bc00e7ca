import fc from 'fast-check'
import { describe, it } from 'vitest'
import { seeds } from './support.ts'
import { compare, operations } from './webgpu-operations.ts'
import { because, missing } from './webgpu-support.ts'

const size = fc.integer({ min: 1, max: 9 })

describe.skipIf(missing !== undefined)(`webgpu${because}`, () => {
  describe.each(operations)('$name', operation => {
    it('gives the same value and gradients as in plain JavaScript for every alignment and any heads', async () => {
      await fc.assert(fc.asyncProperty(size, size, size, seeds, async (...sizes) => { await compare(operation, ...sizes) }), { numRuns: 30 })
    })

    it.skipIf(operation.widest === undefined)('does so for wide heads beyond one workgroup', async () => { await compare(operation, ...operation.widest ?? operation.large, 5) })
  })
})
