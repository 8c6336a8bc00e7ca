import '@tensorflow/tfjs-backend-cpu'
import { registerCpuKernels } from '../../src/kernels/register.ts'
import { selfCheck } from '../../src/kernels/self-check.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend } from './contract.ts'

const LACKS = ['about thirty times slower than wasm, on one thread: it is the reference that the others are compared with']

/** Starts tfjs' plain JavaScript backend: the reference, about thirty times slower than wasm. */
export async function startCpu (): Promise<Backend> {
  if (!await tf.setBackend('cpu')) throw unavailable('cpu', 'tfjs could not start its cpu backend')
  const kernels = registerCpuKernels()
  const fault = await selfCheck()
  if (fault !== undefined) throw unavailable('cpu', fault)
  return { name: 'cpu', device: 'plain JavaScript, 1 thread', kernels, lacks: LACKS }
}
