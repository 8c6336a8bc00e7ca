import '../polyfills.ts'
import { pathToFileURL } from 'node:url'
import { registerComposedKernels } from '../../src/kernels/composed/composed-kernels.ts'
import { composedTensorKernels } from '../../src/kernels/composed/composed-training.ts'
import { reasonOf } from '../../src/errors.ts'
import { selfCheck } from '../../src/kernels/self-check.ts'
import { tf } from '../../src/kernels/tensor.ts'
import { unavailable } from './contract.ts'
import type { Backend, ComputeSettings } from './contract.ts'
import { findTensorflow } from './tensorflow-package.ts'

/** Bits depend on TensorFlow's build and the processor too; the name tells whose operations were composed. */
const VARIANT = 'tensorflow-composed-1'

/** What we use of tfjs-node's backend, whose package is there only when the user installed it. */
interface NodeBackend {
  readonly isUsingGpuDevice?: boolean
  readonly binding?: { readonly TF_Version?: string }
}

/**
 * Starts TensorFlow through `@tensorflow/tfjs-node` or `-gpu`, when the user has installed one of them.
 *
 * @throws ShoalError BACKEND_UNAVAILABLE when neither is installed or its native library does not load
 */
export async function startTensorflow ({ threads }: ComputeSettings): Promise<Backend> {
  const path = findTensorflow()
  if (path === undefined) throw unavailable('tensorflow', 'neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed')
  try {
    await import(pathToFileURL(path).href)
  } catch (error) {
    throw unavailable('tensorflow', `${path} does not load: ${reasonOf(error).split('\n')[0] ?? ''}`, error)
  }
  if (!await tf.setBackend('tensorflow')) throw unavailable('tensorflow', 'tfjs could not start its tensorflow backend')
  registerComposedKernels('tensorflow')
  const fault = await selfCheck()
  if (fault !== undefined) throw unavailable('tensorflow', fault)
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as NodeBackend
  const version = `tensorflow ${binding?.TF_Version ?? ''}`.trimEnd()
  const processor = threads === 0 ? 'its own choice of threads' : `${threads} thread${threads === 1 ? '' : 's'}`
  return {
    name: 'tensorflow',
    device: `${version}, ${isUsingGpuDevice === true ? 'graphics card' : processor}`,
    kernels: composedTensorKernels(VARIANT),
    lacks: [
      'attention, norms, losses and optimizers are composed of many TensorFlow operations, not fused into one kernel each',
      'other bits from another build of TensorFlow or another processor'
    ]
  }
}
