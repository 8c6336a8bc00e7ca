import type { Tensor } from '@tensorflow/tfjs-core'
import type { GroupedAttentionShape } from '../kernels/fused-kernels.ts'
import { add, groupedAttention, lookup, project, rmsNorm, swiglu, tiedHead } from '../kernels/fused-operations.ts'
import { tf } from '../kernels/tensor.ts'
import type { LlamaSpec } from '../manifest/schema.ts'
import type { Parameters } from './gpt.ts'

/**
 * A Llama (Touvron et al., arXiv 2302.13971 and 2307.09288): rotary positions, RMSNorm before each block, grouped-query
 * attention, SwiGLU MLP, no biases, output head tied to the embedding's table or not.
 *
 * @param tokens int32 [batch, length], length at most `spec.context`
 * @param angles of `rotaryAngles` for the spec's context
 * @returns logits [batch · length, vocabulary]
 */
export function llamaLogits (spec: LlamaSpec, parameters: Parameters, tokens: Tensor, angles: Float32Array): Tensor {
  const [batch = 0, length = 0] = tokens.shape
  if (length > spec.context) throw new RangeError(`${length} tokens do not fit a context of ${spec.context}`)
  const headWidth = spec.width / spec.heads
  const turns = tf.tensor2d(angles.slice(0, length * headWidth), [length, headWidth])
  const table = parameters('embedding.token')
  let stream = lookup(table, tokens)
  for (let layer = 0; layer < spec.layers; layer++) {
    const own: Parameters = name => parameters(`layer.${layer}.${name}`)
    stream = add(stream, attentionBlock(own, stream, turns, { batch, length, heads: spec.heads, groups: spec.groups }))
    stream = add(stream, mlpBlock(own, stream))
  }
  return tiedHead(rmsNorm(stream, parameters('norm.gain')), spec.tied ? table : parameters('head.weight'))
}

function attentionBlock (own: Parameters, stream: Tensor, turns: Tensor, shape: GroupedAttentionShape): Tensor {
  const grouped = project(rmsNorm(stream, own('attention.norm.gain')), own('attention.qkv.weight'))
  return project(groupedAttention(grouped, turns, shape), own('attention.out.weight'))
}

function mlpBlock (own: Parameters, stream: Tensor): Tensor {
  const gated = swiglu(project(rmsNorm(stream, own('mlp.norm.gain')), own('mlp.in.weight')))
  return project(gated, own('mlp.out.weight'))
}

/**
 * Of each position p the cosines and then the sines of p · base^(−2i/headWidth), i below headWidth / 2 (arXiv 2104.09864,
 * equation 15); pair (i, headWidth/2 + i) turns by the i-th, as in Hugging Face's Llama.
 */
export function rotaryAngles ({ context, width, heads, ropeBase }: LlamaSpec): Float32Array {
  const headWidth = width / heads
  const half = headWidth / 2
  const angles = new Float32Array(context * headWidth)
  for (let i = 0; i < half; i++) {
    const frequency = ropeBase ** (-2 * i / headWidth)
    for (let position = 0; position < context; position++) {
      angles[position * headWidth + i] = Math.cos(position * frequency)
      angles[position * headWidth + half + i] = Math.sin(position * frequency)
    }
  }
  return angles
}
