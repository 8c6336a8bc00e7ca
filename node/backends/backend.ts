import { ShoalError, reasonOf } from '../../src/errors.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'
import { tf } from '../../src/kernels/tensor.ts'

export type BackendName = 'wasm' | 'cpu'

/** A running tfjs backend with our kernels registered. */
export interface Backend {
  readonly name: BackendName
  /** What computes, for people: `wasm, SIMD, 1 thread`. */
  readonly device: string
  readonly kernels: TensorKernels
}

/**
 * Starts a backend, once per thread; it stays active until the thread ends.
 *
 * @throws ShoalError BACKEND_UNAVAILABLE when it does not start or computes wrong
 */
export async function startBackend (name: BackendName): Promise<Backend> {
  // Production mode keeps tfjs from advertising its other backends on the console.
  tf.enableProdMode()
  try {
    return name === 'wasm' ? await (await import('./wasm.ts')).startWasm() : await (await import('./cpu.ts')).startCpu()
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw unavailable(name, reasonOf(error), error)
  }
}

export function unavailable (name: BackendName, why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'BACKEND_UNAVAILABLE',
    what: `the ${name} backend cannot train on this machine`,
    why,
    tryThis: name === 'wasm' ? 'update Node, or use --backend cpu (about a hundred times slower)' : 'npm ci',
    cause
  })
}
