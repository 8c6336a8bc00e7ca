import { kernelBinary } from './generated/kernel-binary.ts'
import type { Kernels } from './kernels.ts'

/** Names the code and thereby the bits: a change in any kernel's rounding must change it. Stored in checkpoints. */
export const WASM_VARIANT = 'wasm-simd-1'

/** What the module exports: the training kernels on byte offsets, and the matrix product. */
export interface WasmKernels extends Kernels<number> {
  /** C = A·B, plus a bias a column unless its address is 0; strides count values. */
  multiply (
    a: number, aRowStride: number, aColumnStride: number,
    b: number, bRowStride: number, bColumnStride: number,
    c: number, cRowStride: number,
    rows: number, columns: number, depth: number, bias: number
  ): void
  workspaceBytes (): number
  setWorkspace (address: number): void
}

/** The part of the WebAssembly API that is used; TypeScript declares it only together with the DOM. */
interface WebAssemblyApi {
  instantiate (bytes: Uint8Array, imports: { env: { memory: object } }): Promise<{ instance: { exports: unknown } }>
}

/**
 * Instantiates the kernels on borrowed memory, that of tfjs' wasm backend: they read and write tensors where they lie.
 *
 * @param allocate gives the byte offset of that many free bytes of the memory, never moved nor freed
 */
export async function instantiateKernels (memory: object, allocate: (bytes: number) => number): Promise<WasmKernels> {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }
  const { instance } = await WebAssembly.instantiate(kernelBinary, { env: { memory } })
  const kernels = instance.exports as WasmKernels
  kernels.setWorkspace(allocate(kernels.workspaceBytes()))
  return kernels
}
