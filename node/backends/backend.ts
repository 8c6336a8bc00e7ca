import { ShoalError, reasonOf } from '../../src/errors.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { rankBackends } from './auto.ts'
import { unavailable } from './contract.ts'
import type { Backend, BackendName, BackendRanking, ComputeSettings, SkippedBackend, StartedBackend } from './contract.ts'

export { DEFAULT_COMPUTE } from './contract.ts'
export type { Backend, BackendChoice, BackendName, ComputeSettings } from './contract.ts'

/** Backends load only where they are used: each brings a large package. */
const STARTERS: Readonly<Record<BackendName, (settings: ComputeSettings) => Promise<Backend>>> = {
  webgpu: async settings => await (await import('./webgpu.ts')).startWebgpu(settings),
  tensorflow: async settings => await (await import('./tensorflow.ts')).startTensorflow(settings),
  wasm: async ({ threads }) => await (await import('./wasm.ts')).startWasm({ threads }),
  cpu: async () => await (await import('./cpu.ts')).startCpu()
}

/**
 * Starts a backend, once per thread; it stays active until the thread ends. With `auto`, the first of the ranking that
 * starts and computes right.
 *
 * @param ranking where it is known, as in a worker whose main thread has found it
 * @throws ShoalError BACKEND_UNAVAILABLE when none starts and computes right
 */
export async function startBackend (settings: ComputeSettings, ranking?: BackendRanking): Promise<StartedBackend> {
  const { order, skipped } = ranking ?? await rankBackends(settings)
  // Production mode keeps tfjs from advertising its other backends on the console.
  tf.enableProdMode()
  const failed: SkippedBackend[] = []
  let lastError: ShoalError | undefined
  for (const name of order) {
    try {
      return { ...await STARTERS[name](settings), skipped: [...skipped, ...failed] }
    } catch (error) {
      lastError = error instanceof ShoalError ? error : unavailable(name, reasonOf(error), error)
      failed.push({ name, reason: lastError.why, isFault: true })
    }
  }
  throw lastError ?? unavailable('wasm', 'there is no backend to try')
}
