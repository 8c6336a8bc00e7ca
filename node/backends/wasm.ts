import '@tensorflow/tfjs-backend-wasm'
import { registerWasmKernels } from '../../src/kernels/register.ts'
import { bestInstructions } from '../../src/kernels/wasm-binaries.ts'
import type { WasmInstructions } from '../../src/kernels/wasm-binaries.ts'
import { selfCheck } from '../../src/kernels/self-check.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend } from './contract.ts'

/** Signals for which emscripten's start-up code adds listeners that rethrow whatever they catch. */
const EMSCRIPTEN_EVENTS = ['uncaughtException', 'unhandledRejection'] as const

export interface WasmSettings {
  /** Left out: the best that this engine has. */
  readonly instructions?: WasmInstructions
}

const DEVICE_NAMES: Readonly<Record<WasmInstructions, string>> = { simd: 'SIMD', relaxed: 'relaxed SIMD' }

/** Starts tfjs' wasm backend and puts our kernels into it. */
export async function startWasm ({ instructions = bestInstructions() }: WasmSettings = {}): Promise<Backend> {
  await withoutNewListeners(async () => {
    if (!await tf.setBackend('wasm')) throw unavailable('wasm', 'tfjs could not initialise WebAssembly with SIMD')
    await tf.ready()
  })
  const kernels = await registerWasmKernels({ instructions, isShared: false })
  const fault = await selfCheck()
  if (fault !== undefined) throw unavailable('wasm', fault)
  return { name: 'wasm', device: `wasm, ${DEVICE_NAMES[instructions]}, 1 thread`, kernels, lacks: [] }
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
