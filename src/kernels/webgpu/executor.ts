import type { TensorInfo } from '@tensorflow/tfjs-core'
import { ShoalError } from '../../errors.ts'
import { tf } from '../tensor.ts'
import { COMPUTE_STAGE, USAGE } from './device.ts'
import type { GpuBuffer, GpuPipeline, WebgpuBackend } from './device.ts'
import { grid } from './shader.ts'
import type { Shader } from './shader.ts'

/** A uniform buffer's size must be a multiple of this. */
const UNIFORM_ALIGNMENT = 16
const VALUE_BYTES = 4

export interface Dispatch {
  readonly writes: readonly TensorInfo[]
  readonly reads: readonly TensorInfo[]
  readonly scalars: readonly number[]
  /** Workgroups: a count, folded as the device's limits ask, or three dimensions. */
  readonly groups: number | readonly [number, number, number]
}

/** Runs our shaders among the kernels of tfjs' webgpu backend, in the order of the calls. */
export interface Executor {
  readonly backend: WebgpuBackend
  /** Queues a shader; one without work is not run. */
  readonly run: (shader: Shader, dispatch: Dispatch) => void
  /** A new float32 tensor on the device, with unspecified values. */
  readonly allocate: (shape: number[]) => TensorInfo
  /** A new float32 tensor of zeros on the device. */
  readonly zeros: (shape: number[]) => TensorInfo
  readonly free: (tensor: TensorInfo) => void
  /** Copies a tensor's values as they are after all that was queued; rejects when the device refused any of it. */
  readonly read: (tensor: TensorInfo) => Promise<Float32Array>
  /** Replaces a tensor's values after all that was queued. */
  readonly write: (tensor: TensorInfo, values: Float32Array) => void
}

interface Compiled {
  readonly pipeline: GpuPipeline
  readonly layout: object
}

export function createExecutor (backend: WebgpuBackend): Executor {
  const { device } = backend
  const compiled = new Map<string, Compiled>()
  const empty = { read: placeholder(backend), written: placeholder(backend) }
  const faults = watchFaults(backend)

  const bufferOf = (tensor: TensorInfo, whenEmpty: GpuBuffer): GpuBuffer => {
    if (tf.util.sizeFromShape(tensor.shape) === 0) return whenEmpty
    backend.uploadToGPU(tensor.dataId)
    backend.commandQueueOwnedIds.add(tensor.dataId)
    return residentBuffer(backend, tensor)
  }
  const allocate = (shape: number[]): TensorInfo => {
    const size = tf.util.sizeFromShape(shape)
    if (size === 0) return backend.makeTensorInfo(shape, 'float32', new Float32Array(0))
    checkSize(backend, size * VALUE_BYTES, shape)
    const tensor = backend.makeTensorInfo(shape, 'float32')
    backend.uploadToGPU(tensor.dataId)
    return tensor
  }

  return {
    backend,
    allocate,
    free: tensor => { backend.disposeData(tensor.dataId) },
    run (shader, { writes, reads, scalars, groups }) {
      const [x, y, z] = typeof groups === 'number' ? grid(groups, device.limits.maxComputeWorkgroupsPerDimension) : groups
      if (x * y * z === 0) return
      const { pipeline, layout } = compiled.get(shader.name) ?? compile(backend, shader)
      compiled.set(shader.name, { pipeline, layout })
      const buffers = [...writes.map(tensor => bufferOf(tensor, empty.written)), ...reads.map(tensor => bufferOf(tensor, empty.read)), uniforms(backend, shader, scalars)]
      // Values that tfjs read back earlier are no longer the tensor's.
      for (const { dataId, shape } of writes) if (tf.util.sizeFromShape(shape) > 0) backend.tensorMap.get(dataId).values = null
      const group = device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) })
      dispatch(backend, pipeline, group, [x, y, z])
    },
    zeros (shape) {
      const tensor = allocate(shape)
      if (tf.util.sizeFromShape(shape) > 0) {
        backend.ensureCommandEncoderReady()
        backend.endComputePassEncoder()
        backend.commandQueueOwnedIds.add(tensor.dataId)
        backend.commandEncoder?.clearBuffer(residentBuffer(backend, tensor))
      }
      return tensor
    },
    async read (tensor) {
      if (tf.util.sizeFromShape(tensor.shape) === 0) return new Float32Array(0)
      backend.uploadToGPU(tensor.dataId)
      const bytes = await backend.getBufferData(residentBuffer(backend, tensor))
      faults.throwFirst()
      return new Float32Array(bytes)
    },
    write (tensor, values) {
      if (values.length !== tf.util.sizeFromShape(tensor.shape)) throw new RangeError(`${values.length} values do not fit a tensor of shape [${tensor.shape.join(', ')}]`)
      if (values.length === 0) return
      backend.uploadToGPU(tensor.dataId)
      flush(backend)
      // Dawn crashes on memory that threads share.
      device.queue.writeBuffer(residentBuffer(backend, tensor), 0, values.buffer instanceof ArrayBuffer ? values : values.slice())
      backend.tensorMap.get(tensor.dataId).values = null
    }
  }
}

/** Bound in the place of a tensor without values, because a binding must not be empty. */
function placeholder ({ device }: WebgpuBackend): GpuBuffer {
  return device.createBuffer({ size: UNIFORM_ALIGNMENT, usage: USAGE.storage })
}

/** WebGPU tells of refused commands and of a lost device on the side, while results quietly stay wrong. */
function watchFaults ({ device }: WebgpuBackend): { throwFirst (): void } {
  let first: string | undefined
  device.onuncapturederror = ({ error }) => { first ??= error.message.split('\n', 1)[0] }
  void device.lost.then(({ message, reason }) => { first ??= `the device was lost (${reason}): ${message}` })
  return {
    throwFirst () {
      if (first === undefined) return
      throw new ShoalError({
        code: 'TRAINER_FAILED', what: 'the graphics device failed', why: first, tryThis: 'update its driver and start again, or train on the processor: --backend wasm'
      })
    }
  }
}

function checkSize ({ device: { limits } }: WebgpuBackend, bytes: number, shape: readonly number[]): void {
  const limit = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)
  if (bytes > limit) throw new RangeError(`a tensor of shape [${shape.join(', ')}] takes ${bytes} bytes; this device binds at most ${limit} at once`)
}

function residentBuffer (backend: WebgpuBackend, tensor: TensorInfo): GpuBuffer {
  const { resource } = backend.tensorMap.get(tensor.dataId)
  if (resource === undefined) throw new TypeError('the tensor has no buffer on the device')
  checkSize(backend, resource.size, tensor.shape)
  return resource
}

function compile ({ device }: WebgpuBackend, shader: Shader): Compiled {
  const types = [...Array<'storage'>(shader.writes).fill('storage'), ...Array<'read-only-storage'>(shader.reads).fill('read-only-storage'), 'uniform' as const]
  const layout = device.createBindGroupLayout({ entries: types.map((type, binding) => ({ binding, visibility: COMPUTE_STAGE, buffer: { type } })) })
  const module = device.createShaderModule({ label: shader.name, code: shader.code })
  const pipeline = device.createComputePipeline({
    label: shader.name, layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }), compute: { module, entryPoint: 'main' }
  })
  return { pipeline, layout }
}

function uniforms (backend: WebgpuBackend, shader: Shader, scalars: readonly number[]): GpuBuffer {
  if (scalars.length !== shader.scalars.length) throw new RangeError(`${shader.name} takes ${shader.scalars.length} scalars, not ${scalars.length}`)
  const bytes = Math.ceil(scalars.length * VALUE_BYTES / UNIFORM_ALIGNMENT) * UNIFORM_ALIGNMENT
  const words = new DataView(new ArrayBuffer(bytes))
  shader.scalars.forEach((type, index) => {
    const value = scalars[index] ?? NaN
    if (type === 'u32') words.setUint32(index * VALUE_BYTES, value, true)
    else words.setFloat32(index * VALUE_BYTES, value, true)
  })
  const buffer = backend.bufferManager.acquireBuffer(bytes, USAGE.uniform | USAGE.copyDestination)
  backend.device.queue.writeBuffer(buffer, 0, words.buffer)
  backend.uniformPendingDisposal.push(buffer)
  return buffer
}

/** Adds one call to the backend's open pass, and submits it as the backend does with its own. */
function dispatch (backend: WebgpuBackend, pipeline: GpuPipeline, group: object, [x, y, z]: readonly [number, number, number]): void {
  backend.ensureCommandEncoderReady()
  const encoder = backend.commandEncoder
  if (encoder === null) throw new TypeError('the webgpu backend has no command encoder')
  const pass = backend.computePassEncoder ??= encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(x, y, z)
  backend.dispatchCountInPass++
  if (backend.dispatchCountInPass >= tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) flush(backend)
}

function flush (backend: WebgpuBackend): void {
  backend.endComputePassEncoder()
  if (backend.commandEncoder !== null) backend.submitQueue()
}
