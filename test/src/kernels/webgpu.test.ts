import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selfCheck } from '../../../src/kernels/self-check.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import { seeds } from './support.ts'
import { compare, operations } from './webgpu-operations.ts'
import { because, missing, use } from './webgpu-support.ts'

const size = fc.integer({ min: 1, max: 9 })
/** Each width of a head is four shaders, which software drivers compile for seconds: webgpu.slow.ts takes the others. */
const headWidth = fc.constantFrom(3, 8)
/** So is each way in which the sides of a product are no multiples of four. */
const multiplying = new Set(['linear', 'project', 'tiedHead'])

describe.skipIf(missing !== undefined)(`webgpu${because}`, () => {
  describe.each(operations)('$name', operation => {
    it('gives the same value and gradients as in plain JavaScript', async () => {
      const last = operation.name.endsWith('Attention') ? headWidth : size
      await fc.assert(fc.asyncProperty(size, size, last, seeds, async (...sizes) => { await compare(operation, ...sizes) }), { numRuns: multiplying.has(operation.name) ? 1 : 5 })
    })

    it('does so beyond one workgroup', async () => { await compare(operation, ...operation.large, 5) })
  })

  it('passes the self-check and leaves no tensor', async () => {
    await use('webgpu')
    const before = tf.memory().numTensors
    expect(await selfCheck()).toBeUndefined()
    expect(tf.memory().numTensors).toBe(before)
  })
})
