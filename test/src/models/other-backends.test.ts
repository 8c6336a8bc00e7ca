import { describe, it } from 'vitest'
import { registerComposedKernels } from '../../../src/kernels/composed/composed-kernels.ts'
import { use } from '../kernels/support.ts'
import { because, missing, use as useWebgpu } from '../kernels/webgpu-support.ts'
import { expectTheReference, models } from './backend-findings.ts'

it.each(models)('a $kind computes the same with kernels composed of tfjs operations', async spec => {
  await expectTheReference(spec, async () => {
    await use('wasm')
    registerComposedKernels('wasm')
  })
})

describe.skipIf(missing !== undefined)(`on webgpu${because}`, () => {
  // Software drivers compile the shaders of each model for seconds: other-backends.slow.ts takes the others.
  it.each(models.filter(({ kind }) => kind === 'cnn'))('a $kind computes the same', async spec => {
    await expectTheReference(spec, async () => useWebgpu('webgpu'))
  })
})
