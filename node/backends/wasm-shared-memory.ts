import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { tf } from '../../src/kernels/tensor.ts'

const MEMORY_SECTION = 5
/** Flags of a memory's limits: it says how far it may grow; and it is shared between threads. */
const HAS_MAXIMUM = 1
const IS_SHARED = 2
/** A module begins with four bytes of magic and four of version. */
const HEADER_BYTES = 8

interface EmscriptenModule {
  tfjs?: Record<string, unknown>
  cwrap (name: string, result: 'number' | null, parameters: readonly 'number'[]): unknown
}

/**
 * Registers tfjs' wasm backend with its SIMD module on memory that threads can share. tfjs' own threaded module does not start
 * in Node, and threads only products that we replace; so the single-threaded one is taken, and its memory is declared shared: a
 * bit in the module. Its code, and thereby its bits, stay.
 *
 * @throws Error when the module's memory is not as expected
 */
export async function registerSharedBackend (): Promise<void> {
  const require = createRequire(import.meta.url)
  const wasmBinary = shareMemory(await readFile(require.resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm')))
  const start = require('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js') as (settings: object) => Promise<EmscriptenModule>
  const module = await start({ wasmBinary })
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, [])
  }
  tf.removeBackend('wasm')
  tf.registerBackend('wasm', () => new BackendWasm(module as unknown as ConstructorParameters<typeof BackendWasm>[0]))
}

/** Declares a module's memory shared, in place. */
export function shareMemory<Bytes extends Uint8Array> (module: Bytes): Bytes {
  for (let offset = HEADER_BYTES; offset < module.length;) {
    const id = module[offset]
    const size = readVarint(module, offset + 1)
    if (id === MEMORY_SECTION) {
      // After the count of memories, which is 1, come the flags.
      const flags = size.end + 1
      if (module[size.end] !== 1 || module[flags] !== HAS_MAXIMUM) throw new Error('the module’s memory is not a single one with a maximum')
      module[flags] = HAS_MAXIMUM | IS_SHARED
      return module
    }
    offset = size.end + size.value
  }
  throw new Error('the module has no memory of its own')
}

/** Little-endian base 128; `end` is the offset behind it. */
function readVarint (bytes: Uint8Array, offset: number): { readonly value: number, readonly end: number } {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[offset++] ?? 0
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return { value, end: offset }
  }
}
