import { selfCheck } from '../../src/kernels/self-check.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { WebgpuBackend } from '../../src/kernels/webgpu/device.ts'
import { registerWebgpuKernels } from '../../src/kernels/webgpu/tensor-kernels.ts'
import { unavailable } from './contract.ts'
import type { Backend, ComputeSettings } from './contract.ts'
import { adapterName, openDevice } from './webgpu-adapter.ts'
import type { AdapterInfo, OpenedDevice } from './webgpu-adapter.ts'

/** What we use of tfjs' webgpu package, whose types need those of the DOM. */
interface TensorLibrary {
  readonly WebGPUBackend: new (device: object, info: AdapterInfo) => WebgpuBackend
}

/**
 * Starts tfjs' webgpu backend on the system's fastest graphics device, with our shaders in it.
 *
 * @param dawnOptions as the `webgpu` package takes them; for measuring
 * @throws ShoalError BACKEND_UNAVAILABLE when there is no package, driver or device, or it computes wrong
 */
export async function startWebgpu (_settings: ComputeSettings, dawnOptions: readonly string[] = []): Promise<Backend> {
  const opened = await openDevice(dawnOptions)
  const { device, info, isSoftware } = opened
  try {
    await activate(opened)
    const kernels = registerWebgpuKernels()
    const fault = await selfCheck()
    if (fault !== undefined) throw unavailable('webgpu', `${adapterName(info)} computes wrong: ${fault}`)
    return {
      name: 'webgpu',
      device: `webgpu, ${adapterName(info)}${isSoftware ? ', emulated on the processor' : ''}`,
      kernels,
      lacks: lacksOf(opened),
      isEmulated: isSoftware,
      lost: device.lost.then(({ reason, message }) => message === '' ? reason : message),
      close: () => { device.destroy() }
    }
  } catch (error) {
    device.destroy()
    throw error
  }
}

/** tfjs would open a device of its own and say on the console, if at all, why it could not. */
async function activate ({ device, info }: OpenedDevice): Promise<void> {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu') as unknown as TensorLibrary
  if (tf.findBackendFactory('webgpu') as unknown !== null) tf.removeBackend('webgpu')
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, info))
  if (!await tf.setBackend('webgpu')) throw unavailable('webgpu', `tfjs refuses ${adapterName(info)}`)
}

function lacksOf ({ device: { limits }, isSoftware }: OpenedDevice): string[] {
  const largestMiB = Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / 2 ** 20)
  return [
    ...isSoftware ? ['a driver emulates the device on the processor, slower than wasm'] : [],
    `no tensor may be larger than ${largestMiB} MiB`
  ]
}
