import { DEFAULT_COMPUTE, startBackend } from '../../../node/backends/backend.ts'
import type { BackendName } from '../../../node/backends/backend.ts'
import { reasonOf } from '../../../src/errors.ts'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { expect } from 'vitest'
import { bruteForce, operands } from './product-reference.ts'
import type { Sizes } from './product-reference.ts'
import { distance, place } from './support.ts'
import type { Values } from './support.ts'

const started = new Map<BackendName, TensorKernels>()

/** Makes a backend the active one, starting it the first time. */
export async function use (name: BackendName): Promise<TensorKernels> {
  const kernels = started.get(name) ?? (await startBackend({ ...DEFAULT_COMPUTE, backend: name })).kernels
  started.set(name, kernels)
  await tf.setBackend(name)
  return kernels
}

/** Why no test can run on WebGPU here; nothing when they can. */
export const missing: string | undefined = await use('webgpu').then(() => undefined, (error: unknown) => reasonOf(error))

/** Ends a test's name where it is skipped. */
export const because = missing === undefined ? '' : ` (skipped: ${missing})`

/** Value and gradients of `operation` on a backend, the gradients under the given slope; nothing is read in between. */
export async function differentiate (
  backend: BackendName, inputs: readonly Values[], slope: (shape: number[]) => Values, operation: (...inputs: Tensor[]) => Tensor
): Promise<{ readonly value: Float32Array, readonly gradients: readonly Float32Array[] }> {
  const kernels = await use(backend)
  const results = tf.tidy(() => {
    const placed = inputs.map(place)
    const value = operation(...placed)
    return [value, ...tf.grads((...xs) => operation(...xs))(placed, place(slope(value.shape)))]
  })
  const [value = new Float32Array(0), ...gradients] = await Promise.all(results.map(async result => await kernels.read(result)))
  tf.dispose(results)
  return { value, gradients }
}

/** The device's product of two matrices against its definition. */
export async function compareProduct (shape: Sizes, seed: number): Promise<void> {
  const kernels = await use('webgpu')
  const { a, b } = operands(shape, seed)
  const product = tf.tidy(() => tf.matMul(place(a), place(b), shape.transposeA, shape.transposeB))
  expect(distance(await kernels.read(product), bruteForce(a.values, b.values, shape))).toBeLessThan(1e-5)
  product.dispose()
}
