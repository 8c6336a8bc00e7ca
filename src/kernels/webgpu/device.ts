import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core'

/** What we use of WebGPU, whose types TypeScript declares only together with the DOM. */
export interface GpuBuffer {
  readonly size: number
  destroy (): void
}

export interface GpuPipeline {
  readonly label: string
}

export interface GpuLimits {
  readonly maxComputeWorkgroupsPerDimension: number
  readonly maxStorageBufferBindingSize: number
  readonly maxBufferSize: number
}

export interface GpuBindGroupLayoutEntry {
  readonly binding: number
  readonly visibility: number
  readonly buffer: { readonly type: 'storage' | 'read-only-storage' | 'uniform' }
}

export interface GpuDevice {
  readonly limits: GpuLimits
  readonly queue: GpuQueue
  /** Settles when the device is gone. */
  readonly lost: Promise<{ readonly message: string, readonly reason: string }>
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null
  createBuffer (descriptor: { readonly size: number, readonly usage: number }): GpuBuffer
  createShaderModule (descriptor: { readonly label: string, readonly code: string }): object
  createBindGroupLayout (descriptor: { readonly entries: readonly GpuBindGroupLayoutEntry[] }): object
  createPipelineLayout (descriptor: { readonly bindGroupLayouts: readonly object[] }): object
  createComputePipeline (descriptor: { readonly label: string, readonly layout: object, readonly compute: { readonly module: object, readonly entryPoint: string } }): GpuPipeline
  createBindGroup (descriptor: { readonly layout: object, readonly entries: ReadonlyArray<{ readonly binding: number, readonly resource: { readonly buffer: GpuBuffer } }> }): object
  destroy (): void
}

export interface GpuQueue {
  writeBuffer (buffer: GpuBuffer, offset: number, data: ArrayBufferLike | ArrayBufferView): void
  onSubmittedWorkDone (): Promise<void>
}

interface ComputePass {
  setPipeline (pipeline: GpuPipeline): void
  setBindGroup (index: number, group: object): void
  dispatchWorkgroups (x: number, y: number, z: number): void
}

interface CommandEncoder {
  beginComputePass (): ComputePass
  clearBuffer (buffer: GpuBuffer): void
}

/** What tfjs' webgpu backend keeps of a tensor: its values on the host, until it is uploaded, or its buffer. */
interface TensorData {
  values: unknown
  resource?: GpuBuffer
}

/**
 * What we use of tfjs' `WebGPUBackend`: its memory, and the command encoder that it fills and submits, so that our
 * kernels and tfjs' own run in the order in which they were called.
 */
export interface WebgpuBackend extends KernelBackend {
  readonly device: GpuDevice
  readonly tensorMap: { get (dataId: object): TensorData }
  readonly bufferManager: { acquireBuffer (size: number, usage: number): GpuBuffer }
  readonly commandQueueOwnedIds: WeakSet<object>
  readonly uniformPendingDisposal: GpuBuffer[]
  commandEncoder: CommandEncoder | null
  computePassEncoder: ComputePass | null
  dispatchCountInPass: number
  ensureCommandEncoderReady (): void
  endComputePassEncoder (): void
  submitQueue (): void
  uploadToGPU (dataId: object): void
  makeTensorInfo (shape: number[], dtype: 'float32', values?: Float32Array): TensorInfo
  getBufferData (buffer: GpuBuffer): Promise<ArrayBuffer>
}

/** Bits of `GPUBufferUsage` and `GPUShaderStage` in the WebGPU specification. */
export const USAGE = { copySource: 0x4, copyDestination: 0x8, uniform: 0x40, storage: 0x80 } as const
export const COMPUTE_STAGE = 0x4
