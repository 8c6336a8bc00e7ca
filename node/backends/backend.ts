import { ShoalError, reasonOf } from '../../src/errors.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend, ComputeSettings } from './contract.ts'

export { DEFAULT_COMPUTE } from './contract.ts'
export type { Backend, BackendChoice, BackendName, ComputeSettings } from './contract.ts'

/**
 * Starts a backend, once per thread; it stays active until the thread ends.
 *
 * @throws ShoalError BACKEND_UNAVAILABLE when it does not start or computes wrong
 */
export async function startBackend ({ backend: name }: ComputeSettings): Promise<Backend> {
  // Production mode keeps tfjs from advertising its other backends on the console.
  tf.enableProdMode()
  try {
    return name === 'wasm' ? await (await import('./wasm.ts')).startWasm() : await (await import('./cpu.ts')).startCpu()
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw unavailable(name, reasonOf(error), error)
  }
}
