import type { Kernels } from './kernels.ts'
import { loadBinary, webAssembly } from './wasm-binaries.ts'
import type { WasmInstructions } from './wasm-binaries.ts'

export { WASM_VARIANT } from './wasm-binaries.ts'

/** What the module exports: the training kernels on byte offsets, and the matrix product. */
export interface WasmKernels extends Kernels<number> {
  /** C = A·B, plus a bias a column unless its address is 0; strides count values. */
  multiply (
    a: number, aRowStride: number, aColumnStride: number,
    b: number, bRowStride: number, bColumnStride: number,
    c: number, cRowStride: number,
    rows: number, columns: number, depth: number, bias: number
  ): void
}

/** What the module exports besides: its scratch, which one thread uses at a time, and parts of kernels for several threads. */
export interface WasmExports extends WasmKernels {
  workspaceBytes (): number
  setWorkspace (address: number): void
}

/** Memory of tfjs' wasm backend, on which the kernels work: they read and write tensors where they lie. */
export interface BorrowedMemory {
  readonly memory: object
  readonly isShared: boolean
  /** Gives the byte offset of that many free bytes, never moved nor freed. */
  readonly allocate: (bytes: number) => number
}

/** Instantiates the kernels on borrowed memory. */
export async function instantiateKernels ({ memory, isShared, allocate }: BorrowedMemory, instructions: WasmInstructions): Promise<WasmExports> {
  const { instance } = await webAssembly.instantiate(await loadBinary(instructions, isShared), { env: { memory } })
  const kernels = instance.exports as WasmExports
  kernels.setWorkspace(allocate(kernels.workspaceBytes()))
  return kernels
}
