import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import { replaceKernel } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import { sumParts } from './columns.ts'
import type { Executor } from './executor.ts'
import { planProduct, productShader } from './matmul-shaders.ts'
import type { ProductShape } from './matmul-shaders.ts'

/** Puts our matrix product in the place of tfjs'. Fused activations, which only tfjs' own knows, still go there. */
export function registerProducts (executor: Executor): void {
  const original = originalProduct(executor)
  replaceKernel('BatchMatMul', 'webgpu', (inputs, attributes) => multiply(executor, operands(inputs), undefined, attributes))
  replaceKernel('_FusedMatMul', 'webgpu', (inputs, attributes) => {
    const { bias } = inputs
    const columns = inputs['b']?.shape.at(attributes['transposeB'] === true ? -2 : -1)
    const isOurs = attributes['activation'] === 'linear' && (bias === undefined || (bias.shape.at(-1) === columns && tf.util.sizeFromShape(bias.shape) === columns))
    return isOurs ? multiply(executor, operands(inputs), bias, attributes) : original({ inputs, attrs: attributes as NamedAttrMap, backend: executor.backend })
  })
}

/** tfjs' kernel, kept with its backend so that registering again does not take ours for it. */
const originals = new WeakMap<object, KernelFunc>()

function originalProduct ({ backend }: Executor): KernelFunc {
  const known = originals.get(backend) ?? tf.getKernel('_FusedMatMul', 'webgpu').kernelFunc
  originals.set(backend, known)
  return known
}

interface Operands {
  readonly a: TensorInfo
  readonly b: TensorInfo
}

function operands ({ a, b }: NamedTensorInfoMap): Operands {
  if (a?.dtype !== 'float32' || b?.dtype !== 'float32') throw new TypeError('the matrix product needs two float32 tensors')
  return { a, b }
}

/** A · B for each matrix of a batch; batch dimensions of 1 are broadcast. */
function multiply (executor: Executor, { a, b }: Operands, bias: TensorInfo | undefined, attributes: Record<string, unknown>): TensorInfo {
  const [transposeA, transposeB] = [attributes['transposeA'] === true, attributes['transposeB'] === true]
  const [aRows = 1, aColumns = 1] = a.shape.slice(-2)
  const [bRows = 1, bColumns = 1] = b.shape.slice(-2)
  const [rows, depth, columns] = [transposeA ? aColumns : aRows, transposeA ? aRows : aColumns, transposeB ? bRows : bColumns]
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const batch = tf.util.sizeFromShape(batchShape)
  const shape: ProductShape = { batch, rows, columns, depth, transposeA, transposeB, hasBias: bias !== undefined }
  const whole = [a, b].map(operand => wholeBatch(executor, operand, batchShape)) as [TensorInfo, TensorInfo]
  const steps = whole.map(operand => batchSize(operand) === 1 ? 0 : tf.util.sizeFromShape(operand.shape.slice(-2)))
  const out = product(executor, shape, bias === undefined ? whole : [...whole, bias], steps, [...batchShape, rows, columns])
  whole.forEach((operand, index) => { if (operand !== [a, b][index]) executor.free(operand) })
  return out
}

function batchSize (operand: TensorInfo): number {
  return tf.util.sizeFromShape(operand.shape.slice(0, -2))
}

/** The operand itself where it is one matrix or as many as the batch; else, rarely, repeated to as many. */
function wholeBatch ({ backend }: Executor, operand: TensorInfo, batchShape: readonly number[]): TensorInfo {
  if (batchSize(operand) === 1 || batchSize(operand) === tf.util.sizeFromShape([...batchShape])) return operand
  const padding = batchShape.length + 2 - operand.shape.length
  const shape = [...Array<number>(padding).fill(1), ...operand.shape]
  const reps = shape.map((size, axis) => size === 1 ? batchShape[axis] ?? 1 : 1)
  const tiled = tf.getKernel('Tile', 'webgpu').kernelFunc({ inputs: { x: { ...operand, shape } }, attrs: { reps }, backend })
  if (Array.isArray(tiled)) throw new TypeError('Tile gave more than one tensor')
  return tiled
}

function product (executor: Executor, shape: ProductShape, reads: readonly TensorInfo[], steps: readonly number[], outShape: number[]): TensorInfo {
  const plan = planProduct(shape)
  const { batch, rows, columns, depth } = shape
  const { edge, parts, partDepth } = plan
  const out = executor.allocate(parts > 1 ? [parts, rows, columns] : outShape)
  executor.run(productShader(shape, plan), {
    writes: [out],
    reads,
    scalars: [rows, columns, depth, partDepth, parts, ...steps],
    groups: [Math.ceil(rows / edge), Math.ceil(columns / edge), batch * parts]
  })
  return parts > 1 ? sumParts(executor, out, outShape) : out
}
