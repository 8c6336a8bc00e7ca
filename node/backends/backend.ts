import { ShoalError, reasonOf } from '../../src/errors.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend, BackendName, ComputeSettings } from './contract.ts'

export { DEFAULT_COMPUTE } from './contract.ts'
export type { Backend, BackendChoice, BackendName, ComputeSettings } from './contract.ts'

/** Backends load only where they are used: each brings a large package. */
const STARTERS: Readonly<Record<BackendName, (settings: ComputeSettings) => Promise<Backend>>> = {
  webgpu: () => Promise.reject(unavailable('webgpu', 'it is not there yet')),
  tensorflow: () => Promise.reject(unavailable('tensorflow', 'it is not there yet')),
  wasm: async () => await (await import('./wasm.ts')).startWasm(),
  cpu: async () => await (await import('./cpu.ts')).startCpu()
}

/**
 * Starts a backend, once per thread; it stays active until the thread ends.
 *
 * @throws ShoalError BACKEND_UNAVAILABLE when it does not start or computes wrong
 */
export async function startBackend (settings: ComputeSettings): Promise<Backend> {
  const name = settings.backend === 'auto' ? 'wasm' : settings.backend
  // Production mode keeps tfjs from advertising its other backends on the console.
  tf.enableProdMode()
  try {
    return await STARTERS[name](settings)
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw unavailable(name, reasonOf(error), error)
  }
}
