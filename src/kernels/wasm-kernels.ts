import type { Kernels } from './kernels.ts'
import { loadBinary, webAssembly } from './wasm-binaries.ts'
import type { WasmInstructions } from './wasm-binaries.ts'


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

/** What the module exports besides: its scratch, which one thread uses at a time, and what threads need to share the work. */
export interface WasmExports extends WasmKernels {
  workspaceBytes (): number
  /** Rows of a product that are computed together: it is best cut at multiples of them. */
  tileRows (): number
  setWorkspace (address: number): void
  /** Attention of the heads `first` to before `last`, counted through all sequences. */
  attendHeads (qkv: number, out: number, probabilities: number, first: number, last: number, length: number, heads: number, headWidth: number): void
  attendHeadsGradient (
    qkv: number, probabilities: number, dout: number, dqkv: number, scratch: number, first: number, last: number, length: number, heads: number, headWidth: number
  ): void
}

/** Memory of tfjs' wasm backend, on which the kernels work: they read and write tensors where they lie. */
export interface BorrowedMemory {
  readonly memory: object
  readonly isShared: boolean
  /** Gives the byte offset of that many free bytes, which never move. */
  readonly allocate: (bytes: number) => number
  readonly free: (address: number) => void
}

/** Instantiates the kernels on borrowed memory. */
export async function instantiateKernels ({ memory, isShared, allocate }: BorrowedMemory, instructions: WasmInstructions): Promise<WasmExports> {
  const { instance } = await webAssembly.instantiate(await loadBinary(instructions, isShared), { env: { memory } })
  const kernels = instance.exports as WasmExports
  kernels.setWorkspace(allocate(kernels.workspaceBytes()))
  return kernels
}
