import { ShoalError } from '../../src/errors.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'

export type BackendName = 'wasm' | 'cpu'

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
