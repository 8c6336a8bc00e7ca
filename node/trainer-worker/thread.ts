import { Worker } from 'node:worker_threads'
import type { TrainerInit, WorkerInput } from './messages.ts'

type SharedMemory = Pick<WorkerInput, 'sharedWeights' | 'sharedGradient' | 'sharedIntegers' | 'stopFlag' | 'leftFlag'>

/** What both threads see; parts for which the method has no use are empty. */
export function sharedMemory ({ gradients, scalars }: Pick<TrainerInit, 'gradients' | 'scalars'>, parameters: number): SharedMemory {
  const floats = (count: number): Float32Array => new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT))
  const integers = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
  return {
    sharedWeights: floats(parameters),
    sharedGradient: floats(gradients === true ? parameters : 0),
    sharedIntegers: integers(scalars?.unit === undefined ? 0 : parameters),
    stopFlag: integers(1),
    leftFlag: integers(1)
  }
}

/** Node cannot run TypeScript in a worker, so tests that run from source start the built file. */
export function startThread (workerData: WorkerInput): Worker {
  const isSource = import.meta.url.endsWith('.ts')
  const { heapMegabytes } = workerData
  return new Worker(new URL(isSource ? '../../dist/node/trainer-worker/worker.js' : './worker.js', import.meta.url), {
    workerData, name: 'trainer', ...heapMegabytes === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } }
  })
}
