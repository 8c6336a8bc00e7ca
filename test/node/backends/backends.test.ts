import { describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE, startBackend } from '../../../node/backends/backend.ts'
import { tf } from '../../../src/kernels/tensor.ts'

describe.each([['wasm', /^wasm-/], ['cpu', /^plain-js-/]] as const)('the %s backend', (name, variant) => {
  it('starts, becomes the active one and leaves no listener on the process', async () => {
    const listeners = (): number[] => ['uncaughtException', 'unhandledRejection', 'exit'].map(event => process.listenerCount(event))
    const before = listeners()
    const backend = await startBackend({ ...DEFAULT_COMPUTE, backend: name })
    expect(backend).toMatchObject({ name, kernels: { variant: expect.stringMatching(variant) as string } })
    expect(backend.device.length).toBeGreaterThan(0)
    expect(tf.getBackend()).toBe(name)
    expect(listeners()).toEqual(before)
  })
})
