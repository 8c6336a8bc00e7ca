import type { Tensor } from '@tensorflow/tfjs-core'
import { registerFusedKernels } from './fused-kernels.ts'
import type { AdamwCoefficients, Kernels, LionCoefficients, SgdCoefficients } from './kernels.ts'
import { registerMatmulKernels } from './matmul-kernels.ts'
import { plainKernels } from './plain-kernels.ts'
import { tf } from './tensor.ts'
import { cpuTensorMemory, wasmTensorMemory } from './tensor-memory.ts'
import type { TensorMemory, WasmBackend } from './tensor-memory.ts'
import { WASM_VARIANTS } from './wasm-binaries.ts'
import type { WasmInstructions } from './wasm-binaries.ts'
import { instantiateKernels } from './wasm-kernels.ts'
import type { BorrowedMemory, WasmExports, WasmKernels } from './wasm-kernels.ts'

export const CPU_VARIANT = 'plain-js-1'

/**
 * The tensors of one parameter in training, all of one shape. Kernels write into them, or, where a backend's tensors
 * cannot be written, dispose them and put others in their place: never keep one across a call.
 */
export interface TrainedTensor {
  weights: Tensor
  first: Tensor
  second: Tensor
}

/** What training does to tensors beyond tfjs operations, on the active backend. */
export interface TensorKernels {
  /** Names the kernels' code and thereby the bits that they give. */
  readonly variant: string
  /** A copy of a float32 tensor's values; those at the time of the call. */
  read (tensor: Tensor): Promise<Float32Array>
  /** Replaces the values of one of a parameter's tensors. */
  write (trained: TrainedTensor, part: keyof TrainedTensor, values: Float32Array): void
  /** Puts a tensor of the same shape in the place of one of a parameter's; `by` is used up. */
  replace (trained: TrainedTensor, part: keyof TrainedTensor, by: Tensor): void
  /** Σ x² over all values of all tensors. */
  squaredNorm (tensors: readonly Tensor[]): Promise<number>
  /** One AdamW step of a parameter. */
  adamw (trained: TrainedTensor, gradient: Tensor, coefficients: AdamwCoefficients): void
  /** One step of gradient descent with momentum, which is `first`. */
  sgd (trained: TrainedTensor, gradient: Tensor, coefficients: SgdCoefficients): void
  /** One Lion step, whose momentum is `first`. */
  lion (trained: TrainedTensor, gradient: Tensor, coefficients: LionCoefficients): void
}

/** Which of the wasm kernels are registered, and over whose memory. */
export interface WasmChoice {
  readonly instructions: WasmInstructions
  /** Whether the backend's memory is one that threads can share. */
  readonly isShared: boolean
  /** Wraps the kernels, say to spread them over threads. */
  readonly wrap?: (kernels: WasmExports, borrowed: BorrowedMemory) => Promise<WasmKernels>
}

/** Registers our kernels with tfjs' wasm backend, which must be the active one. */
export async function registerWasmKernels ({ instructions, isShared, wrap }: WasmChoice): Promise<TensorKernels> {
  const backend = tf.backend() as WasmBackend
  const heap = backend.wasm.wasmMemory ?? backend.wasm.asm?.memory
  if (heap === undefined) throw new TypeError('the active tfjs backend shows no WebAssembly memory')
  const borrowed: BorrowedMemory = { memory: heap, isShared, allocate: bytes => backend.wasm._malloc(bytes) >>> 0, free: address => { backend.wasm._free(address) } }
  const own = await instantiateKernels(borrowed, instructions)
  const kernels = wrap === undefined ? own : await wrap(own, borrowed)
  const memory = wasmTensorMemory(backend)
  registerFusedKernels('wasm', kernels, memory)
  registerMatmulKernels(backend, kernels, memory)
  return tensorKernels(WASM_VARIANTS[instructions], kernels, memory)
}

/** Registers the plain kernels with tfjs' cpu backend, which must be the active one. */
export function registerCpuKernels (): TensorKernels {
  const memory = cpuTensorMemory(tf.backend() as Parameters<typeof cpuTensorMemory>[0])
  registerFusedKernels('cpu', plainKernels, memory)
  return tensorKernels(CPU_VARIANT, plainKernels, memory)
}

function tensorKernels<Address> (variant: string, kernels: Kernels<Address>, memory: TensorMemory<Address>): TensorKernels {
  const { addressOf } = memory
  return {
    variant,
    read: async tensor => Promise.resolve(memory.view(tensor).slice()),
    write: (trained, part, values) => { memory.view(trained[part]).set(values) },
    replace (trained, part, by) {
      trained[part].dispose()
      trained[part] = tf.keep(by)
    },
    squaredNorm: async tensors => Promise.resolve(tensors.reduce((sum, tensor) => sum + kernels.squaredNorm(addressOf(tensor), tensor.size), 0)),
    adamw ({ weights, first, second }, gradient, { scale, beta1, beta2, rate, correction, epsilon, keep }) {
      kernels.adamw(
        addressOf(weights), addressOf(first), addressOf(second), addressOf(gradient), weights.size,
        scale, beta1, beta2, rate, correction, epsilon, keep
      )
    },
    sgd ({ weights, first }, gradient, { scale, momentum, rate, keep }) {
      kernels.sgd(addressOf(weights), addressOf(first), addressOf(gradient), weights.size, scale, momentum, rate, keep)
    },
    lion ({ weights, first }, gradient, { scale, beta1, beta2, rate, keep }) {
      kernels.lion(addressOf(weights), addressOf(first), addressOf(gradient), weights.size, scale, beta1, beta2, rate, keep)
    }
  }
}
