import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core'
import { FUSED } from './fused-kernels.ts'
import type { AttentionShape, GroupedAttentionShape } from './fused-kernels.ts'
import { sourceOf, streamedHead, streamedLookup, streamedPositions, streamedProduct } from './streamed-matrix.ts'
import type { RowSource } from './streamed-matrix.ts'
import { tf } from './tensor.ts'

function run (kernelName: string, inputs: NamedTensorMap, attributes: NamedAttrMap = {}): Tensor {
  return tf.engine().runKernel<Tensor>(kernelName, inputs, attributes)
}

function runMany (kernelName: string, inputs: NamedTensorMap, attributes: NamedAttrMap = {}): Tensor[] {
  return tf.engine().runKernel<Tensor[]>(kernelName, inputs, attributes)
}

/** A value with the gradient of each input; saved tensors and gradients keep the order in which they are listed. */
interface Differentiable {
  readonly value: Tensor
  readonly saved: readonly Tensor[]
  readonly gradients: (slope: Tensor, saved: readonly Tensor[]) => Tensor[]
}

/** An operation with its own gradient, which no registry needs to know. */
export function differentiable (inputs: readonly Tensor[], forward: () => Differentiable): Tensor {
  const operation = tf.customGrad((...parameters) => {
    const save = parameters.at(-1) as tf.GradSaveFunc
    const { value, saved, gradients } = forward()
    save([...saved])
    return { value, gradFunc: (slope, kept) => gradients(slope, kept) }
  })
  return operation(...inputs)
}

function pick (tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index]
  if (tensor === undefined) throw new RangeError(`there is no tensor ${index}`)
  return tensor
}

function product (a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return run('BatchMatMul', { a, b }, { transposeA, transposeB })
}

/** x·W + b for x [rows, inputs], W [inputs, outputs], b [outputs]. */
export function linear (x: Tensor, weights: Tensor, bias: Tensor): Tensor {
  const streamed = sourceOf(weights)
  if (streamed !== undefined) return tf.add(streamedProduct(x, streamed), bias)
  return differentiable([x, weights, bias], () => ({
    value: run('_FusedMatMul', { a: x, b: weights, bias }, { transposeA: false, transposeB: false, activation: 'linear' }),
    saved: [x, weights],
    gradients: (slope, saved) => [
      product(slope, pick(saved, 1), false, true),
      product(pick(saved, 0), slope, true, false),
      run(FUSED.columnSum, { x: slope })
    ]
  }))
}

/** x·W for x [rows, inputs], W [inputs, outputs]. */
export function project (x: Tensor, weights: Tensor): Tensor {
  const streamed = sourceOf(weights)
  if (streamed !== undefined) return streamedProduct(x, streamed)
  return differentiable([x, weights], () => ({
    value: product(x, weights),
    saved: [x, weights],
    gradients: (slope, saved) => [product(slope, pick(saved, 1), false, true), product(pick(saved, 0), slope, true, false)]
  }))
}

/** x·Tᵀ for x [rows, width], T [vocabulary, width]: the output head that shares the embedding's table. */
export function tiedHead (x: Tensor, table: Tensor): Tensor {
  const streamed = sourceOf(table)
  if (streamed !== undefined) return streamedHead(x, streamed)
  return differentiable([x, table], () => ({
    value: product(x, table, false, true),
    saved: [x, table],
    gradients: (slope, saved) => [product(slope, pick(saved, 1)), product(slope, pick(saved, 0), true, false)]
  }))
}

/** x + y of the same shape. */
export function add (x: Tensor, y: Tensor): Tensor {
  return differentiable([x, y], () => ({
    value: run('Add', { a: x, b: y }),
    saved: [],
    // tfjs disposes a gradient once it has been added to another, so each input needs its own.
    gradients: slope => [tf.clone(slope), tf.clone(slope)]
  }))
}

/** Layer normalisation over the last axis (arXiv 1607.06450), ε = 1e-5. */
export function layerNorm (x: Tensor, gain: Tensor, bias: Tensor): Tensor {
  return differentiable([x, gain, bias], () => {
    const outputs = runMany(FUSED.layerNorm, { x, gain, bias })
    return {
      value: pick(outputs, 0),
      saved: [x, gain, pick(outputs, 1)],
      gradients: (dy, saved) => runMany(FUSED.layerNormGradient, { x: pick(saved, 0), gain: pick(saved, 1), statistics: pick(saved, 2), dy })
    }
  })
}

/** Root-mean-square normalisation over the last axis (arXiv 1910.07467), ε = 1e-5. */
export function rmsNorm (x: Tensor, gain: Tensor): Tensor {
  return differentiable([x, gain], () => {
    const outputs = runMany(FUSED.rmsNorm, { x, gain })
    return {
      value: pick(outputs, 0),
      saved: [x, gain, pick(outputs, 1)],
      gradients: (dy, saved) => runMany(FUSED.rmsNormGradient, { x: pick(saved, 0), gain: pick(saved, 1), statistics: pick(saved, 2), dy })
    }
  })
}

/** g·σ(g)·u for x [rows, 2 · hidden], gates g before values u (SwiGLU, arXiv 2002.05202). */
export function swiglu (x: Tensor): Tensor {
  return differentiable([x], () => ({
    value: run(FUSED.swiglu, { x }),
    saved: [x],
    gradients: (dy, saved) => [run(FUSED.swigluGradient, { x: pick(saved, 0), dy })]
  }))
}

/** GELU, tanh form (arXiv 1606.08415). */
export function gelu (x: Tensor): Tensor {
  return differentiable([x], () => ({
    value: run(FUSED.gelu, { x }),
    saved: [x],
    gradients: (dy, saved) => [run(FUSED.geluGradient, { x: pick(saved, 0), dy })]
  }))
}

/**
 * Causal multi-head attention.
 *
 * @param qkv [batch · length, 3 · width]: queries, keys and values of all heads side by side
 * @returns [batch · length, width]
 */
export function causalAttention (qkv: Tensor, shape: AttentionShape): Tensor {
  const attributes = { ...shape }
  return differentiable([qkv], () => {
    const outputs = runMany(FUSED.causalAttention, { qkv }, attributes)
    return {
      value: pick(outputs, 0),
      // The output is kept by what follows in any case; a kernel that keeps no matrix of probabilities needs it.
      saved: [qkv, ...outputs],
      gradients: (dout, [input, out, probabilities]) => [run(FUSED.causalAttentionGradient, { qkv: input, out, probabilities, dout } as NamedTensorMap, attributes)]
    }
  })
}

/**
 * Causal grouped-query attention (arXiv 2305.13245) with rotary positions (arXiv 2104.09864).
 *
 * @param grouped [batch · length, (heads + 2 · groups) · headWidth]: queries of all heads, then keys, then values of all groups
 * @param angles [at least length, headWidth]: of each position the cosines, then the sines
 * @returns [batch · length, heads · headWidth]
 */
export function groupedAttention (grouped: Tensor, angles: Tensor, { groups, ...shape }: GroupedAttentionShape): Tensor {
  const attributes = { length: shape.length, heads: shape.heads, groups }
  const qkv = differentiable([grouped], () => ({
    value: run(FUSED.spreadHeads, { grouped, angles }, attributes),
    saved: [angles],
    gradients: (dqkv, saved) => [run(FUSED.gatherHeads, { dqkv, angles: pick(saved, 0) }, attributes)]
  }))
  return causalAttention(qkv, shape)
}

/**
 * Token embedding without positions.
 *
 * @param ids int32 [batch, length]
 * @returns [batch · length, width]; NaN in the rows whose id is outside the table
 */
export function lookup (table: Tensor, ids: Tensor): Tensor {
  const streamed = sourceOf(table)
  if (streamed !== undefined) return streamedLookup(streamed, ids)
  const [vocabulary = 0] = table.shape
  return differentiable([table], () => ({
    value: run(FUSED.lookup, { table, ids }),
    saved: [ids],
    gradients: (dout, saved) => [run(FUSED.lookupGradient, { dout, ids: pick(saved, 0) }, { vocabulary })]
  }))
}

/**
 * Token embedding plus learned position.
 *
 * @param ids int32 [batch, length], length at most the rows of `positions`
 * @returns [batch · length, width]; NaN in the rows whose id is outside the table
 */
export function embedding (table: Tensor, positions: Tensor, ids: Tensor): Tensor {
  const [tokens, places] = [sourceOf(table), sourceOf(positions)]
  if (tokens !== undefined && places !== undefined) return streamedEmbedding(tokens, places, ids)
  const [vocabulary = 0] = table.shape
  const [context = 0] = positions.shape
  const attributes = { vocabulary, context }
  if ((ids.shape.at(-1) ?? 0) > attributes.context) throw new RangeError(`${String(ids.shape.at(-1))} tokens do not fit a context of ${attributes.context}`)
  return differentiable([table, positions], () => ({
    value: run(FUSED.embed, { table, positions, ids }),
    saved: [ids],
    gradients: (dout, saved) => runMany(FUSED.embedGradient, { dout, ids: pick(saved, 0) }, attributes)
  }))
}

function streamedEmbedding (table: RowSource, positions: RowSource, ids: Tensor): Tensor {
  const [batch = 0, length = 0] = ids.shape
  return tf.add(streamedLookup(table, ids), streamedPositions(positions, batch, length))
}

/**
 * Mean negative log-likelihood of the targets, in nats.
 *
 * @param logits [rows, classes]
 * @param targets int32 with `rows` values; NaN when one is outside the classes
 */
export function crossEntropy (logits: Tensor, targets: Tensor): Tensor {
  return differentiable([logits], () => {
    const outputs = runMany(FUSED.crossEntropy, { logits, targets })
    return {
      value: pick(outputs, 0),
      saved: [pick(outputs, 1), targets],
      gradients: (dloss, saved) => [run(FUSED.crossEntropyGradient, { probabilities: pick(saved, 0), targets: pick(saved, 1), dloss })]
    }
  })
}
