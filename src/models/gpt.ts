import { add, causalAttention, embedding, gelu, layerNorm, linear, tiedHead } from '../kernels/fused-operations.ts'
import type { AttentionShape } from '../kernels/fused-kernels.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { GptSpec } from '../manifest/schema.ts'
import type { Parameters, Stage } from './stage.ts'

/**
 * A GPT (Radford et al. 2019): learned positions, pre-norm layers, causal attention, GELU MLP, output head tied to the
 * embedding's table.
 *
 * @param tokens int32 [batch, length], length at most `spec.context`
 * @returns the chain from tokens to logits [batch · length, vocabulary]
 */
export function gptStages (spec: GptSpec, tokens: Tensor): Stage[] {
  const [batch = 0, length = 0] = tokens.shape
  const layer = (index: number): Stage => (parameters, stream) => {
    const own = layerParameters(parameters, index)
    const attended = add(stream, attentionBlock(own, stream, { batch, length, heads: spec.heads }))
    return add(attended, gptMlp(own, attended))
  }
  return [
    (parameters, ids) => embedding(parameters('embedding.token'), parameters('embedding.position'), ids),
    ...Array.from({ length: spec.layers }, (_, index) => layer(index)),
    gptHead
  ]
}

/** The parameters of one layer by their names within it. */
export function layerParameters (parameters: Parameters, layer: number): Parameters {
  return name => parameters(`layer.${layer}.${name}`)
}

function attentionBlock (own: Parameters, stream: Tensor, shape: AttentionShape): Tensor {
  return gptAttentionOutput(own, causalAttention(gptPackedHeads(own, stream), shape))
}

/** @returns [rows, 3 · width]: queries, keys and values of all heads side by side */
export function gptPackedHeads (own: Parameters, stream: Tensor): Tensor {
  const normed = layerNorm(stream, own('attention.norm.gain'), own('attention.norm.bias'))
  return linear(normed, own('attention.qkv.weight'), own('attention.qkv.bias'))
}

export function gptAttentionOutput (own: Parameters, attended: Tensor): Tensor {
  return linear(attended, own('attention.out.weight'), own('attention.out.bias'))
}

export function gptMlp (own: Parameters, stream: Tensor): Tensor {
  const normed = layerNorm(stream, own('mlp.norm.gain'), own('mlp.norm.bias'))
  const hidden = gelu(linear(normed, own('mlp.in.weight'), own('mlp.in.bias')))
  return linear(hidden, own('mlp.out.weight'), own('mlp.out.bias'))
}

/** @returns logits [rows, vocabulary] */
export const gptHead: Stage = (parameters, stream) =>
  tiedHead(layerNorm(stream, parameters('norm.gain'), parameters('norm.bias')), parameters('embedding.token'))
