import type { Tensor } from '@tensorflow/tfjs-core'
import { add, causalAttention, embedding, gelu, layerNorm, linear, tiedHead } from '../kernels/fused-operations.ts'
import type { AttentionShape } from '../kernels/fused-kernels.ts'
import type { GptSpec } from '../manifest/schema.ts'

/** Gives a parameter by its name in the layout. */
export type Parameters = (name: string) => Tensor

/**
 * A GPT (Radford et al. 2019): learned positions, pre-norm layers, causal attention, GELU MLP, output head tied to the
 * embedding's table.
 *
 * @param tokens int32 [batch, length], length at most `spec.context`
 * @returns logits [batch · length, vocabulary]
 */
export function gptLogits (spec: GptSpec, parameters: Parameters, tokens: Tensor): Tensor {
  const [batch = 0, length = 0] = tokens.shape
  const table = parameters('embedding.token')
  let stream = embedding(table, parameters('embedding.position'), tokens)
  for (let layer = 0; layer < spec.layers; layer++) {
    const own: Parameters = name => parameters(`layer.${layer}.${name}`)
    stream = add(stream, attentionBlock(own, stream, { batch, length, heads: spec.heads }))
    stream = add(stream, mlpBlock(own, stream))
  }
  return tiedHead(layerNorm(stream, parameters('norm.gain'), parameters('norm.bias')), table)
}

function attentionBlock (own: Parameters, stream: Tensor, shape: AttentionShape): Tensor {
  const normed = layerNorm(stream, own('attention.norm.gain'), own('attention.norm.bias'))
  const qkv = linear(normed, own('attention.qkv.weight'), own('attention.qkv.bias'))
  return linear(causalAttention(qkv, shape), own('attention.out.weight'), own('attention.out.bias'))
}

function mlpBlock (own: Parameters, stream: Tensor): Tensor {
  const normed = layerNorm(stream, own('mlp.norm.gain'), own('mlp.norm.bias'))
  const hidden = gelu(linear(normed, own('mlp.in.weight'), own('mlp.in.bias')))
  return linear(hidden, own('mlp.out.weight'), own('mlp.out.bias'))
}
