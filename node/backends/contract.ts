import { ShoalError } from '../../src/errors.ts'
import type { TensorKernels } from '../../src/kernels/register.ts'

/** In the order in which `auto` tries them where nothing is measured. */
export const BACKEND_NAMES = ['webgpu', 'tensorflow', 'wasm', 'cpu'] as const

export type BackendName = typeof BACKEND_NAMES[number]

export const BACKEND_CHOICES = ['auto', ...BACKEND_NAMES] as const

/** What a person may ask for; `auto` is the fastest that computes right. */
export type BackendChoice = typeof BACKEND_CHOICES[number]

/** How much of the machine training may take. */
export interface ComputeSettings {
  readonly backend: BackendChoice
  /** Processor threads that compute, 0 to 256; 0 lets the backend choose. */
  readonly threads: number
  /** Share of the time that training may compute, 0.05 to 1. */
  readonly throttle: number
}

/** More threads than the machines that run a peer have cores: a larger number is a slip of the hand. */
export const MAXIMUM_THREADS = 256

/** Resting nineteen parts of twenty is as good as a pause; less would only look like a hang. */
export const MINIMUM_THROTTLE = 0.05

/** The fastest backend, with as many threads as it likes and no rest. */
export const DEFAULT_COMPUTE: ComputeSettings = { backend: 'auto', threads: 0, throttle: 1 }

/** A running tfjs backend with our kernels registered. */
export interface Backend {
  readonly name: BackendName
  /** What computes, for people: `wasm, SIMD, 1 thread`. */
  readonly device: string
  readonly kernels: TensorKernels
  /** What it cannot do or does slowly, each a sentence for people without a full stop. */
  readonly lacks: readonly string[]
  /** Set where a driver emulates the device on the processor: `auto` never takes it. */
  readonly isEmulated?: boolean
  /** Resolves with the reason when the device goes away in the middle; stays open while it works. */
  readonly lost?: Promise<string>
  /** Gives the device back: what waits for it fails. A thread that has a device must then end by itself. */
  readonly close?: () => void
}

/** The backend that runs, and those that `auto` tried before it. */
export interface StartedBackend extends Backend {
  readonly skipped: readonly SkippedBackend[]
}

/** In which order to try backends, the first one that starts being it. */
export interface BackendRanking {
  readonly order: readonly BackendName[]
  /** Those that are not worth a try. */
  readonly skipped: readonly SkippedBackend[]
  /** Those that were measured. */
  readonly reports: readonly BackendReport[]
}

/** What a backend said and did when it was tried, in a process of its own. */
export interface BackendReport {
  readonly name: BackendName
  readonly device: string
  readonly kernelVariant: string
  readonly lacks: readonly string[]
  readonly isEmulated: boolean
  /** Speed of a square matrix product, 10⁹ floating-point operations a second. */
  readonly matmulGflops: number
  /** Rows and columns of the matrices that were multiplied. */
  readonly matmulSize: number
  /** Of training a small GPT, where what a step costs besides its products shows. */
  readonly tokensPerSecond: number
}

/** A backend that is not used, and the reason in a sentence without a full stop. */
export interface SkippedBackend {
  readonly name: BackendName
  readonly reason: string
  /** Whether it is there and failed; a package or a device that is simply not there is nothing to warn of. */
  readonly isFault: boolean
}

const TRY: Readonly<Record<BackendName, string>> = {
  wasm: 'update Node, or use --backend cpu (about thirty times slower)',
  webgpu: 'shoal bench backend shows what this machine can use; --backend auto takes the fastest',
  tensorflow: 'npm install @tensorflow/tfjs-node, see docs/native-tensorflow.md, or use --backend auto',
  cpu: 'npm ci'
}

export function unavailable (name: BackendName, why: string, cause?: unknown): ShoalError {
  return new ShoalError({ code: 'BACKEND_UNAVAILABLE', what: `the ${name} backend cannot train on this machine`, why, tryThis: TRY[name], cause })
}
