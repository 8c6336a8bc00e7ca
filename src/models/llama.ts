import { add, groupedAttention, lookup, project, rmsNorm, swiglu, tiedHead } from '../kernels/fused-operations.ts'
import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { LlamaSpec } from '../manifest/schema.ts'
import { layerParameters } from './gpt.ts'
import type { Parameters, Stage } from './stage.ts'

/**
 * A Llama (Touvron et al., arXiv 2302.13971 and 2307.09288): rotary positions, RMSNorm before each block, grouped-query
 * attention, SwiGLU MLP, no biases, output head tied to the embedding's table or not.
 *
 * @param tokens int32 [batch, length], length at most `spec.context`
 * @param angles of `rotaryAngles` for the spec's context
 * @returns the chain from tokens to logits [batch · length, vocabulary]
 */
export function llamaStages (spec: LlamaSpec, tokens: Tensor, angles: Float32Array): Stage[] {
  const [batch = 0, length = 0] = tokens.shape
  if (length > spec.context) throw new RangeError(`${length} tokens do not fit a context of ${spec.context}`)
  const turns = turnsAt(spec, angles, 0, length)
  const shape = { batch, length, heads: spec.heads, groups: spec.groups }
  const layer = (index: number): Stage => (parameters, stream) => {
    const own = layerParameters(parameters, index)
    const attended = add(stream, llamaAttentionOutput(own, groupedAttention(llamaPackedHeads(own, stream), turns, shape)))
    return add(attended, llamaMlp(own, attended))
  }
  return [
    (parameters, ids) => lookup(parameters('embedding.token'), ids),
    ...Array.from({ length: spec.layers }, (_, index) => layer(index)),
    llamaHead(spec)
  ]
}

/** Angles of the positions from `start`: [length, headWidth]. */
export function turnsAt (spec: LlamaSpec, angles: Float32Array, start: number, length: number): Tensor {
  const headWidth = spec.width / spec.heads
  return tf.tensor2d(angles.slice(start * headWidth, (start + length) * headWidth), [length, headWidth])
}

/** @returns [rows, (heads + 2 · groups) · headWidth]: queries of all heads, keys and values of all groups, not yet turned */
export function llamaPackedHeads (own: Parameters, stream: Tensor): Tensor {
  return project(rmsNorm(stream, own('attention.norm.gain')), own('attention.qkv.weight'))
}

export function llamaAttentionOutput (own: Parameters, attended: Tensor): Tensor {
  return project(attended, own('attention.out.weight'))
}

export function llamaMlp (own: Parameters, stream: Tensor): Tensor {
  const gated = swiglu(project(rmsNorm(stream, own('mlp.norm.gain')), own('mlp.in.weight')))
  return project(gated, own('mlp.out.weight'))
}

/** Gives logits [rows, vocabulary]. */
export function llamaHead ({ tied }: LlamaSpec): Stage {
  return (parameters, stream) => tiedHead(rmsNorm(stream, parameters('norm.gain')), parameters(tied ? 'embedding.token' : 'head.weight'))
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
