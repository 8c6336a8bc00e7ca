import { describe, it } from 'vitest'
import { because, missing, use } from '../kernels/webgpu-support.ts'
import { expectTheReference, models } from './backend-findings.ts'

describe.skipIf(missing !== undefined)(`on webgpu${because}`, () => {
  it.each(models)('a $kind computes the same', async spec => {
    await expectTheReference(spec, async () => use('webgpu'))
  })
})
