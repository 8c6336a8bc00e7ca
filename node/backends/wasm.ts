import '@tensorflow/tfjs-backend-wasm'
import { registerWasmKernels } from '../../src/kernels/register.ts'
import { selfCheck } from '../../src/kernels/self-check.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend } from './contract.ts'

/** Signals for which emscripten's start-up code adds listeners that rethrow whatever they catch. */
const EMSCRIPTEN_EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/** Starts tfjs' wasm backend on one thread and puts our kernels into it. */
export async function startWasm (): Promise<Backend> {
  await withoutNewListeners(async () => {
    if (!await tf.setBackend('wasm')) throw unavailable('wasm', 'tfjs could not initialise WebAssembly with SIMD')
    await tf.ready()
  })
  const kernels = await registerWasmKernels()
  const fault = await selfCheck()
  if (fault !== undefined) throw unavailable('wasm', fault)
  return { name: 'wasm', device: 'wasm, SIMD, 1 thread', kernels, lacks: [] }
}

async function withoutNewListeners (start: () => Promise<void>): Promise<void> {
  const before = EMSCRIPTEN_EVENTS.map(event => new Set<unknown>(process.rawListeners(event)))
  try {
    await start()
  } finally {
    EMSCRIPTEN_EVENTS.forEach((event, index) => {
      for (const listener of process.rawListeners(event)) {
        if (before[index]?.has(listener) !== true) process.removeListener(event, listener as () => void)
      }
    })
  }
}
