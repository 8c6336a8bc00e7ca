import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import { replaceKernel } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import { sumParts } from './columns.ts'
import type { Executor } from './executor.ts'
import { planProduct, productShader } from './matmul-shaders.ts'
import type { ProductShape } from './matmul-shaders.ts'

/**
 * Puts our matrix product in the place of tfjs'. What only tfjs' own knows, partly broadcast batches and fused
 * activations, still goes there.
 */
export function registerProducts (executor: Executor): void {
  const { BatchMatMul, _FusedMatMul } = originals(executor)
  const run = (kernel: KernelFunc, inputs: NamedTensorInfoMap, attrs: object): TensorInfo | TensorInfo[] => kernel({ inputs, attrs: { ...attrs }, backend: executor.backend })
  replaceKernel('BatchMatMul', 'webgpu', (inputs, attributes) => {
    const { a, b } = operands(inputs)
    return multiply(executor, a, b, undefined, attributes) ?? run(BatchMatMul, inputs, attributes)
  })
  replaceKernel('_FusedMatMul', 'webgpu', (inputs, attributes) => {
    const { a, b } = operands(inputs)
    const { bias } = inputs
    const columns = b.shape.at(attributes['transposeB'] === true ? -2 : -1)
    const isOurs = attributes['activation'] === 'linear' && (bias === undefined || (bias.shape.at(-1) === columns && tf.util.sizeFromShape(bias.shape) === columns))
    return (isOurs ? multiply(executor, a, b, bias, attributes) : undefined) ?? run(_FusedMatMul, inputs, attributes)
  })
}

interface Originals {
  readonly BatchMatMul: KernelFunc
  readonly _FusedMatMul: KernelFunc
}

/** tfjs' kernels, kept with the backend so that registering again does not take ours for them. */
const kept = new WeakMap<object, Originals>()

function originals ({ backend }: Executor): Originals {
  const known = kept.get(backend) ?? { BatchMatMul: tf.getKernel('BatchMatMul', 'webgpu').kernelFunc, _FusedMatMul: tf.getKernel('_FusedMatMul', 'webgpu').kernelFunc }
  kept.set(backend, known)
  return known
}

function operands ({ a, b }: NamedTensorInfoMap): { a: TensorInfo, b: TensorInfo } {
  if (a?.dtype !== 'float32' || b?.dtype !== 'float32') throw new TypeError('the matrix product needs two float32 tensors')
  return { a, b }
}

/** A · B for each matrix of a batch; nothing where the batches are neither alike nor single matrices. */
function multiply (executor: Executor, a: TensorInfo, b: TensorInfo, bias: TensorInfo | undefined, attributes: Record<string, unknown>): TensorInfo | undefined {
  const [transposeA, transposeB] = [attributes['transposeA'] === true, attributes['transposeB'] === true]
  const [aRows = 1, aColumns = 1] = a.shape.slice(-2)
  const [bRows = 1, bColumns = 1] = b.shape.slice(-2)
  const [rows, depth, columns] = [transposeA ? aColumns : aRows, transposeA ? aRows : aColumns, transposeB ? bRows : bColumns]
  const [aBatch, bBatch] = [a, b].map(operand => tf.util.sizeFromShape(operand.shape.slice(0, -2))) as [number, number]
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const batch = tf.util.sizeFromShape(batchShape)
  if ([aBatch, bBatch].some(size => size !== 1 && size !== batch)) return undefined
  const shape: ProductShape = { batch, rows, columns, depth, transposeA, transposeB, hasBias: bias !== undefined }
  const step = (own: number, size: number): number => own === 1 ? 0 : size
  return product(executor, shape, a, b, bias, [...batchShape, rows, columns], step(aBatch, aRows * aColumns), step(bBatch, bRows * bColumns))
}

function product (
  executor: Executor, shape: ProductShape, a: TensorInfo, b: TensorInfo, bias: TensorInfo | undefined, outShape: number[], aStep: number, bStep: number
): TensorInfo {
  const plan = planProduct(shape)
  const { batch, rows, columns, depth } = shape
  const { edge, parts, partDepth } = plan
  const out = executor.allocate(parts > 1 ? [parts, rows, columns] : outShape)
  executor.run(productShader(shape, plan), {
    writes: [out],
    reads: bias === undefined ? [a, b] : [a, b, bias],
    scalars: [rows, columns, depth, partDepth, parts, aStep, bStep],
    groups: [Math.ceil(rows / edge), Math.ceil(columns / edge), batch * parts]
  })
  return parts > 1 ? sumParts(executor, out, outShape) : out
}
