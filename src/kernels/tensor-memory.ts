import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core'
import type { NumericArray } from './plain-kernels.ts'
import { tf } from './tensor.ts'

/** Where a backend keeps its tensors. */
export interface TensorMemory<Address> {
  readonly addressOf: (tensor: TensorInfo) => Address
  /** The live values of a float32 tensor, to read or write; valid until the next tensor is made. */
  readonly view: (tensor: TensorInfo) => Float32Array
  /** A new float32 tensor with unspecified values. */
  readonly allocate: (shape: number[]) => TensorInfo
  readonly free: (tensor: TensorInfo) => void
}

/** What we use of `BackendWasm`, whose package loads only where a wasm backend runs. */
export interface WasmBackend extends KernelBackend {
  readonly wasm: {
    readonly wasmMemory?: object
    readonly asm?: { readonly memory: object }
    _malloc (bytes: number): number
    _free (address: number): void
  }
  getMemoryOffset (dataId: object): number
  makeOutput (shape: number[], dtype: 'float32'): TensorInfo
  typedArrayFromHeap (tensor: TensorInfo): unknown
}

interface CpuBackend extends KernelBackend {
  makeTensorInfo (shape: number[], dtype: 'float32', values: Float32Array): TensorInfo
}

export function wasmTensorMemory (backend: WasmBackend): TensorMemory<number> {
  return {
    addressOf: tensor => backend.getMemoryOffset(tensor.dataId),
    view: tensor => backend.typedArrayFromHeap(tensor) as Float32Array,
    allocate: shape => backend.makeOutput(shape, 'float32'),
    free: tensor => { backend.disposeData(tensor.dataId) }
  }
}

/** `readSync` of the cpu backend gives the stored array itself, not a copy. */
export function cpuTensorMemory (backend: CpuBackend): TensorMemory<NumericArray> {
  return {
    addressOf: tensor => backend.readSync(tensor.dataId) as NumericArray,
    view: tensor => backend.readSync(tensor.dataId) as Float32Array,
    allocate: shape => backend.makeTensorInfo(shape, 'float32', new Float32Array(tf.util.sizeFromShape(shape))),
    free: tensor => { backend.disposeData(tensor.dataId) }
  }
}
