import { createRequire } from 'node:module'
import type { ComputeSettings } from './contract.ts'

/** The one for graphics cards first: whoever installed it means it, and without a card it computes on the processor. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const

/** TensorFlow's log lines up to this level stay unwritten: 2 leaves errors. */
const LOG_LEVEL = '2'

const require = createRequire(import.meta.url)

/** Where TensorFlow's package lies, beside this one or on NODE_PATH; undefined when it is not installed. */
export function findTensorflow (): string | undefined {
  for (const name of PACKAGES) {
    try {
      return require.resolve(name)
    } catch {
      // Not this one.
    }
  }
  return undefined
}

/**
 * TensorFlow takes its threads and its talkativeness from the environment of the process, which only the main thread can
 * change: a worker's `process.env` is a copy. What a person has set stays.
 */
export function prepareTensorflow ({ threads }: ComputeSettings, environment: Record<string, string | undefined>): void {
  environment['TF_CPP_MIN_LOG_LEVEL'] ??= LOG_LEVEL
  if (threads > 0) environment['TF_NUM_INTRAOP_THREADS'] ??= String(threads)
}
