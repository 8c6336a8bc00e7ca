import fc from 'fast-check'
import { DEFAULT_COMPUTE, startBackend } from '../../../node/backends/backend.ts'
import type { Backend, BackendName } from '../../../node/backends/backend.ts'
import { startWasm } from '../../../node/backends/wasm.ts'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import type { WasmInstructions } from '../../../src/kernels/wasm-binaries.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Tensor } from '../../../src/kernels/tensor.ts'
import { fillGaussian } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'

const started = new Map<BackendName, TensorKernels>()

async function start (name: BackendName, instructions: WasmInstructions): Promise<Backend> {
  return name === 'wasm' ? await startWasm({ instructions }) : await startBackend({ ...DEFAULT_COMPUTE, backend: name })
}

/** Makes a backend the active one, starting it the first time; wasm with the kernels whose bits are recorded, whatever else the engine has. */
export async function use (name: BackendName, instructions: WasmInstructions = 'simd'): Promise<TensorKernels> {
  const kernels = started.get(name) ?? (await start(name, instructions)).kernels
  started.set(name, kernels)
  await tf.setBackend(name)
  return kernels
}

/** A tensor as plain data, so that it can be put on any backend. */
export interface Values {
  readonly shape: number[]
  readonly values: Float32Array
}

export function gaussian (shape: number[], seed: number, deviation = 1): Values {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
  fillGaussian(values, words(seed, 99), deviation)
  return { shape, values }
}

export const seeds = fc.integer({ min: 0, max: 0xffff_ffff })

export function place ({ shape, values }: Values): Tensor {
  return tf.tensor(values.slice(), shape)
}

/** Value and gradients of `operation` on a backend, the gradients under the given slope. */
export async function differentiate (
  backend: BackendName, inputs: readonly Values[], slope: (shape: number[]) => Values, operation: (...inputs: Tensor[]) => Tensor
): Promise<{ readonly value: number[], readonly gradients: number[][] }> {
  await use(backend)
  return tf.tidy(() => {
    const placed = inputs.map(place)
    const value = operation(...placed)
    const gradients = tf.grads((...xs) => operation(...xs))(placed, place(slope(value.shape)))
    return { value: [...value.dataSync()], gradients: gradients.map(gradient => [...gradient.dataSync()]) }
  })
}

/** Largest difference of two lists, relative to the size of the second, taken as at least `smallest`; infinite when a value is not finite or a length differs. */
export function distance (found: ArrayLike<number>, expected: ArrayLike<number>, smallest = 1e-3): number {
  if (found.length !== expected.length) return Infinity
  let [largest, scale] = [0, smallest]
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!)
    if (!Number.isFinite(difference)) return Infinity
    largest = Math.max(largest, difference)
    scale = Math.max(scale, Math.abs(expected[i]!))
  }
  return largest / scale
}

/** Gradient of Σ slope · operation by central differences, on the reference backend. */
export async function finiteDifferences (
  inputs: readonly Values[], slope: (shape: number[]) => Values, operation: (...inputs: Tensor[]) => Tensor
): Promise<number[][]> {
  await use('cpu')
  const h = 1e-2
  const objective = (): number => tf.tidy(() => {
    const value = operation(...inputs.map(place))
    const weights = slope(value.shape).values
    return value.dataSync<'float32'>().reduce((sum, y, index) => sum + y * weights[index]!, 0)
  })
  return inputs.map(({ values }) => Array.from(values, (original, index) => {
    values[index] = original + h
    const above = objective()
    values[index] = original - h
    const below = objective()
    values[index] = original
    return (above - below) / (2 * h)
  }))
}
