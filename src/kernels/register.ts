import type { Tensor } from '@tensorflow/tfjs-core'
import { registerFusedKernels } from './fused-kernels.ts'
import type { AdamwCoefficients, Kernels, LionCoefficients, SgdCoefficients } from './kernels.ts'
import { registerMatmulKernels } from './matmul-kernels.ts'
import { plainKernels } from './plain-kernels.ts'
import { tf } from './tensor.ts'
import { cpuTensorMemory, wasmTensorMemory } from './tensor-memory.ts'
import type { TensorMemory, WasmBackend } from './tensor-memory.ts'
import { WASM_VARIANT, instantiateKernels } from './wasm-kernels.ts'

export const CPU_VARIANT = 'plain-js-1'

/** The tensors of one parameter in training, all of one shape. */
export interface TrainedTensor {
  readonly weights: Tensor
  readonly first: Tensor
  readonly second: Tensor
}

/** What training does to tensors beyond tfjs operations: in place, on the active backend. */
export interface TensorKernels {
  /** Names the kernels' code and thereby the bits that they give. */
  readonly variant: string
  /** The live values of a float32 tensor; valid until the next tensor is made. */
  view (tensor: Tensor): Float32Array
  /** Σ x², summed in double precision. */
  squaredNorm (tensor: Tensor): number
  /** One AdamW step of a parameter, in place. */
  adamw (trained: TrainedTensor, gradient: Tensor, coefficients: AdamwCoefficients): void
  /** One step of gradient descent with momentum, which is `first`, in place. */
  sgd (trained: TrainedTensor, gradient: Tensor, coefficients: SgdCoefficients): void
  /** One Lion step, whose momentum is `first`, in place. */
  lion (trained: TrainedTensor, gradient: Tensor, coefficients: LionCoefficients): void
}

/** Registers our kernels with tfjs' wasm backend, which must be the active one. */
export async function registerWasmKernels (): Promise<TensorKernels> {
  const backend = tf.backend() as WasmBackend
  const heap = backend.wasm.wasmMemory ?? backend.wasm.asm?.memory
  if (heap === undefined) throw new TypeError('the active tfjs backend shows no WebAssembly memory')
  const kernels = await instantiateKernels(heap, bytes => backend.wasm._malloc(bytes) >>> 0)
  const memory = wasmTensorMemory(backend)
  registerFusedKernels('wasm', kernels, memory)
  registerMatmulKernels(backend, kernels, memory)
  return tensorKernels(WASM_VARIANT, kernels, memory)
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
    view: tensor => memory.view(tensor),
    squaredNorm: tensor => kernels.squaredNorm(addressOf(tensor), tensor.size),
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
