import '@tensorflow/tfjs-backend-wasm'
import { reasonOf } from '../../src/errors.ts'
import { registerWasmKernels } from '../../src/kernels/register.ts'
import { bestInstructions } from '../../src/kernels/wasm-binaries.ts'
import type { WasmInstructions } from '../../src/kernels/wasm-binaries.ts'
import { selfCheck } from '../../src/kernels/self-check.ts'
import { splitKernels } from '../../src/kernels/wasm-split.ts'
import type { BorrowedMemory, WasmExports, WasmKernels } from '../../src/kernels/wasm-kernels.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend } from './contract.ts'
import { registerSharedBackend } from './wasm-shared-memory.ts'
import { startTeam } from './wasm-threads.ts'

/** Signals for which emscripten's start-up code adds listeners that rethrow whatever they catch. */
const EMSCRIPTEN_EVENTS = ['uncaughtException', 'unhandledRejection'] as const

export interface WasmSettings {
  /** Threads that compute; 0 is one: more are faster, but a peer's machine belongs to its owner, who may give more. */
  readonly threads?: number
  /** Left out: the best that this engine has. */
  readonly instructions?: WasmInstructions
  /** How threads are started. */
  readonly team?: typeof startTeam
}

const INSTRUCTION_NAMES: Readonly<Record<WasmInstructions, string>> = { simd: 'SIMD', relaxed: 'relaxed SIMD' }

/** Starts tfjs' wasm backend and puts our kernels into it. Where threads cannot be had it says so and takes one. */
export async function startWasm ({ threads = 1, instructions = bestInstructions(), team = startTeam }: WasmSettings = {}): Promise<Backend> {
  const size = Math.max(1, threads)
  const lacks: string[] = []
  let isShared = size > 1
  await withoutNewListeners(async () => {
    if (isShared) {
      try {
        await registerSharedBackend()
      } catch (error) {
        isShared = false
        lacks.push(`threads: ${reasonOf(error)}`)
      }
    }
    if (!await tf.setBackend('wasm')) throw unavailable('wasm', 'tfjs could not initialise WebAssembly with SIMD')
    await tf.ready()
  })
  const split = async (own: WasmExports, borrowed: BorrowedMemory): Promise<WasmKernels> => {
    try {
      return splitKernels(own, await team(size, own, borrowed, instructions), borrowed)
    } catch (error) {
      lacks.push(`threads: ${reasonOf(error)}`)
      return own
    }
  }
  const kernels = await registerWasmKernels({ instructions, isShared, ...isShared ? { wrap: split } : {} })
  const fault = await selfCheck()
  if (fault !== undefined) throw unavailable('wasm', fault)
  return { name: 'wasm', device: `wasm, ${INSTRUCTION_NAMES[instructions]}, ${size > 1 && lacks.length === 0 ? `${size} threads` : '1 thread'}`, kernels, lacks }
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
