import { ShoalError } from '../../src/errors.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'

export type BackendName = 'wasm' | 'cpu'

/** What a person may ask for. */
export type BackendChoice = BackendName

/** How much of the machine training may take. */
export interface ComputeSettings {
  readonly backend: BackendChoice
  /** Processor threads that compute; 0 lets the backend choose. */
  readonly threads: number
  /** Share of the time that training may compute, above 0 to 1. */
  readonly throttle: number
}

/** One thread of the machine, as fast as it goes. */
export const DEFAULT_COMPUTE: ComputeSettings = { backend: 'wasm', threads: 1, throttle: 1 }

/** A running tfjs backend with our kernels registered. */
export interface Backend {
  readonly name: BackendName
  /** What computes, for people: `wasm, SIMD, 1 thread`. */
  readonly device: string
  readonly kernels: TensorKernels
}

export function unavailable (name: BackendName, why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'BACKEND_UNAVAILABLE',
    what: `the ${name} backend cannot train on this machine`,
    why,
    tryThis: name === 'wasm' ? 'update Node, or use --backend cpu (about a hundred times slower)' : 'npm ci',
    cause
  })
}
