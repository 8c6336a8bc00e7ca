import { afterAll, describe, expect, it } from 'vitest'
import { startBackend } from '../../../node/backends/backend.ts'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { findTensorflow } from '../../../node/backends/tensorflow-package.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import { replicaOn, train } from '../../src/training/support.ts'
import { use } from '../../src/kernels/support.ts'

const isInstalled = findTensorflow() !== undefined
const compute = { ...DEFAULT_COMPUTE, backend: 'tensorflow' } as const

describe('the tensorflow backend', () => {
  it.skipIf(isInstalled)('says what to install where it is not', async () => {
    await expect(startBackend(compute)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      why: 'neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed',
      tryThis: expect.stringContaining('npm install @tensorflow/tfjs-node') as string
    })
  })
})

describe.skipIf(!isInstalled)(`training on tensorflow${isInstalled ? '' : ' (skipped: @tensorflow/tfjs-node is not installed)'}`, () => {
  afterAll(async () => { await tf.setBackend('cpu') })

  it('gives the losses of wasm, and leaves no tensor behind', async () => {
    const steps = 50
    const reference = replicaOn(await use('wasm'))
    const expected = await train(reference, steps)
    reference.dispose()
    const { kernels } = await startBackend(compute)
    const replica = replicaOn(kernels)
    const found = await train(replica, 2)
    const tensors = tf.memory().numTensors
    found.push(...await train(replica, steps))
    expect(tf.memory().numTensors).toBe(tensors)
    replica.dispose()
    const losses = (events: typeof expected): number[] => events.map(event => event.kind === 'step' ? event.loss : NaN)
    losses(found).forEach((loss, step) => { expect(Math.abs(loss - losses(expected)[step]!)).toBeLessThan(1e-4) })
  })
})
