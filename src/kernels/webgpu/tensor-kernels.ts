import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorKernels } from '../register.ts'
import { tf } from '../tensor.ts'
import type { WebgpuBackend } from './device.ts'
import { createExecutor } from './executor.ts'
import type { Executor } from './executor.ts'
import { registerFusedShaders } from './fused.ts'
import { registerProducts } from './products.ts'
import { THREADS } from './shader.ts'
import type { Shader } from './shader.ts'
import { VALUES_PER_SUM, adamwShader, lionShader, sgdShader, squareSumShader, sumShader } from './vector-shaders.ts'

/** Names the shaders' code; drivers round as they like, so the bits are one device's own. */
export const WEBGPU_VARIANT = 'webgpu-1'

/** Registers our shaders with tfjs' webgpu backend, which must be the active one. */
export function registerWebgpuKernels (): TensorKernels {
  const executor = createExecutor(tf.backend() as WebgpuBackend)
  registerFusedShaders(executor)
  registerProducts(executor)
  const step = (shader: Shader, writes: readonly Tensor[], gradient: Tensor, scalars: readonly number[]): void => {
    executor.run(shader, { writes, reads: [gradient], scalars: [gradient.size, ...scalars], groups: Math.ceil(gradient.size / THREADS) })
  }
  return {
    variant: WEBGPU_VARIANT,
    read: async tensor => await executor.read(tensor),
    write: (trained, part, values) => { executor.write(trained[part], values) },
    replace (trained, part, by) {
      trained[part].dispose()
      trained[part] = tf.keep(by)
    },
    squaredNorm: async tensors => await squaredNorm(executor, tensors),
    adamw ({ weights, first, second }, gradient, { scale, beta1, beta2, rate, correction, epsilon, keep }) {
      step(adamwShader, [weights, first, second], gradient, [scale, beta1, beta2, rate, correction, epsilon, keep])
    },
    sgd ({ weights, first }, gradient, { scale, momentum, rate, keep }) {
      step(sgdShader, [weights, first], gradient, [scale, momentum, rate, keep])
    },
    lion ({ weights, first }, gradient, { scale, beta1, beta2, rate, keep }) {
      step(lionShader, [weights, first], gradient, [scale, beta1, beta2, rate, keep])
    }
  }
}

/** Sums of squares of each tensor's parts side by side, one sum of them all, and one number read back. */
async function squaredNorm (executor: Executor, tensors: readonly Tensor[]): Promise<number> {
  const groups = tensors.map(tensor => Math.ceil(tensor.size / VALUES_PER_SUM))
  const count = groups.reduce((sum, size) => sum + size, 0)
  const [parts, total] = [executor.allocate([count]), executor.allocate([1])]
  try {
    let offset = 0
    tensors.forEach((tensor, index) => {
      executor.run(squareSumShader, { writes: [parts], reads: [tensor], scalars: [tensor.size, offset], groups: groups[index] ?? 0 })
      offset += groups[index] ?? 0
    })
    executor.run(sumShader, { writes: [total], reads: [parts], scalars: [count, 1], groups: 1 })
    return (await executor.read(total))[0] ?? NaN
  } finally {
    executor.free(parts)
    executor.free(total)
  }
}
