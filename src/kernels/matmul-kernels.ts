import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import { replaceKernel } from './fused-kernels.ts'
import { tf } from './tensor.ts'
import type { TensorMemory, WasmBackend } from './tensor-memory.ts'
import type { WasmKernels } from './wasm-kernels.ts'

/** tfjs kernels behind the activations that a fused product may ask for. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu', relu6: 'Relu6', elu: 'Elu', sigmoid: 'Sigmoid', prelu: 'Prelu', leakyrelu: 'LeakyRelu'
}

interface Product {
  readonly a: TensorInfo
  readonly b: TensorInfo
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** One value a column. */
  readonly bias?: TensorInfo | undefined
}

/**
 * Puts our matrix product and an aliasing Identity in place of the wasm backend's own kernels. Those multiply transposed or
 * batched matrices at 0.6 GFLOP/s, add a bias once per block of the depth when they do, cache a right operand by
 * tensor (so in-place updates go unseen), and copy on Identity, which every saved activation passes through.
 */
export function registerMatmulKernels (backend: WasmBackend, kernels: WasmKernels, memory: TensorMemory<number>): void {
  replaceKernel('BatchMatMul', 'wasm', (inputs, attributes) => multiply(kernels, memory, productOf(inputs, attributes)))
  replaceKernel('_FusedMatMul', 'wasm', (inputs, attributes) => fusedProduct(backend, kernels, memory, inputs, attributes))
  replaceKernel('Identity', 'wasm', ({ x }) => {
    if (x === undefined) throw new TypeError('Identity needs x')
    backend.incRef(x.dataId)
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype }
  })
}

function productOf (inputs: NamedTensorInfoMap, attributes: Record<string, unknown>): Product {
  const { a, b } = inputs
  if (a?.dtype !== 'float32' || b?.dtype !== 'float32') throw new TypeError('the matrix product needs two float32 tensors')
  return { a, b, transposeA: attributes['transposeA'] === true, transposeB: attributes['transposeB'] === true }
}

/** A · B for each matrix of a batch; batch dimensions of 1 are broadcast. */
function multiply (kernels: WasmKernels, memory: TensorMemory<number>, { a, b, transposeA, transposeB, bias }: Product): TensorInfo {
  const [aRows = 1, aColumns = 1] = a.shape.slice(-2)
  const [bRows = 1, bColumns = 1] = b.shape.slice(-2)
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns]
  const columns = transposeB ? bRows : bColumns
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const out = memory.allocate([...batchShape, rows, columns])
  const [aRowStride, aColumnStride] = transposeA ? [1, aColumns] as const : [aColumns, 1] as const
  const [bRowStride, bColumnStride] = transposeB ? [1, bColumns] as const : [bColumns, 1] as const
  const [aAddress, bAddress, outAddress] = [memory.addressOf(a), memory.addressOf(b), memory.addressOf(out)]
  const biasAddress = bias === undefined ? 0 : memory.addressOf(bias)
  const [aBatch, bBatch] = [batchIndexes(a.shape.slice(0, -2), batchShape), batchIndexes(b.shape.slice(0, -2), batchShape)]
  aBatch.forEach((aIndex, index) => {
    kernels.multiply(
      aAddress + 4 * aIndex * aRows * aColumns, aRowStride, aColumnStride,
      bAddress + 4 * (bBatch[index] ?? 0) * bRows * bColumns, bRowStride, bColumnStride,
      outAddress + 4 * index * rows * columns, columns,
      rows, columns, depth, biasAddress
    )
  })
  return out
}

/** For each matrix of the output's batch, the index of the operand's matrix that it uses. */
function batchIndexes (operand: readonly number[], output: readonly number[]): number[] {
  const offset = output.length - operand.length
  let indexes = [0]
  output.forEach((size, axis) => {
    const own = operand[axis - offset] ?? 1
    indexes = indexes.flatMap(index => Array.from({ length: size }, (_, place) => index * own + (own === 1 ? 0 : place)))
  })
  return indexes
}

function fusedProduct (
  backend: WasmBackend, kernels: WasmKernels, memory: TensorMemory<number>, inputs: NamedTensorInfoMap, attributes: Record<string, unknown>
): TensorInfo {
  const product = productOf(inputs, attributes)
  const { bias, preluActivationWeights } = inputs
  const columns = product.b.shape.at(product.transposeB ? -2 : -1)
  const isOnePerColumn = bias !== undefined && bias.shape.at(-1) === columns && tf.util.sizeFromShape(bias.shape) === columns
  let out = multiply(kernels, memory, { ...product, bias: isOnePerColumn ? bias : undefined })
  const replaceBy = (kernelName: string, kernelInputs: NamedTensorInfoMap, attrs: Record<string, number> = {}): void => {
    const next = runWasmKernel(backend, kernelName, kernelInputs, attrs)
    memory.free(out)
    out = next
  }
  if (bias !== undefined && !isOnePerColumn) replaceBy('Add', { a: out, b: bias })
  const { activation, leakyreluAlpha } = attributes
  if (typeof activation === 'string' && activation !== 'linear') {
    const kernelName = ACTIVATIONS[activation]
    if (kernelName === undefined) throw new TypeError(`no kernel computes the activation ${activation}`)
    const alpha = kernelName === 'Prelu' ? { alpha: preluActivationWeights } : {}
    replaceBy(kernelName, { x: out, ...alpha }, typeof leakyreluAlpha === 'number' ? { alpha: leakyreluAlpha } : {})
  }
  return out
}

function runWasmKernel (backend: WasmBackend, kernelName: string, inputs: NamedTensorInfoMap, attrs: Record<string, number>): TensorInfo {
  const result = tf.getKernel(kernelName, 'wasm').kernelFunc({ inputs, attrs, backend })
  if (Array.isArray(result)) throw new TypeError(`${kernelName} gave more than one tensor`)
  return result
}
