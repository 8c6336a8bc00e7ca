import { ShoalError } from '../errors.ts'
import type { GptSpec, LlamaSpec, ModelSpec } from '../manifest/schema.ts'
import { modelLayout } from '../models/model-layout.ts'

/** Ways to lay out a model's weights: Hugging Face's GPT-2 and Llama, and our own names and shapes. */
export const FOREIGN_FORMATS = ['gpt2', 'llama', 'plain'] as const
export type ForeignFormat = typeof FOREIGN_FORMATS[number]

/** A tensor of another layout, and where its values lie in ours. */
export interface ForeignTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Our parameter. */
  readonly parameter: string
  /** First of the columns of our matrix that it holds; all of them from 0 unless it is transposed. */
  readonly column: number
  /** A torch `Linear` keeps [outputs, inputs]; our matrices, and GPT-2's `Conv1D`, are [inputs, outputs]. */
  readonly transposed: boolean
}

/**
 * The tensors of a model in another layout, in the order of ours.
 *
 * @throws ShoalError USAGE when the layout is for another kind of model
 */
export function foreignTensors (spec: ModelSpec, format: ForeignFormat): ForeignTensor[] {
  if (format === 'plain') return modelLayout(spec).slots.map(({ name, shape }) => whole(name, name, shape))
  if (format === 'gpt2' && spec.kind === 'gpt') return gpt2Tensors(spec)
  if (format === 'llama' && spec.kind === 'llama') return llamaTensors(spec)
  const fitting = { gpt: ['gpt2', 'plain'], llama: ['llama', 'plain'], mlp: ['plain'], cnn: ['plain'] }[spec.kind]
  throw new ShoalError({
    code: 'USAGE', what: `a ${spec.kind} model has no ${format} layout`, why: `it can be written as ${fitting.join(' and ')}`, tryThis: `--format ${String(fitting[0])}`
  })
}

function whole (name: string, parameter: string, shape: readonly number[]): ForeignTensor {
  return { name, shape, parameter, column: 0, transposed: false }
}

/** GPT-2 as Hugging Face's `GPT2Model` names it: our shapes exactly. */
function gpt2Tensors (spec: GptSpec): ForeignTensor[] {
  const parts: Readonly<Record<string, string>> = {
    'attention.norm': 'ln_1', 'attention.qkv': 'attn.c_attn', 'attention.out': 'attn.c_proj', 'mlp.norm': 'ln_2', 'mlp.in': 'mlp.c_fc', 'mlp.out': 'mlp.c_proj'
  }
  const ends: Readonly<Record<string, string>> = { gain: 'weight', weight: 'weight', bias: 'bias' }
  const outside: Readonly<Record<string, string>> = {
    'embedding.token': 'wte.weight', 'embedding.position': 'wpe.weight', 'norm.gain': 'ln_f.weight', 'norm.bias': 'ln_f.bias'
  }
  return modelLayout(spec).slots.map(({ name, shape }) => {
    const [, layer = '', part = '', end = ''] = /^layer\.(\d+)\.(.+)\.(\w+)$/.exec(name) ?? []
    return whole(outside[name] ?? `h.${layer}.${parts[part] ?? part}.${ends[end] ?? end}`, name, shape)
  })
}

/** Llama as Hugging Face's `LlamaForCausalLM` names it: matrices transposed, ours cut into its several. */
function llamaTensors (spec: LlamaSpec): ForeignTensor[] {
  const { layers, width, heads, groups, hidden, vocabulary, tied } = spec
  const shared = groups * width / heads
  const layerTensors = (layer: number): ForeignTensor[] => {
    const [theirs, ours] = [`model.layers.${layer}`, `layer.${layer}`]
    const linear = (name: string, parameter: string, outputs: number, inputs: number, column = 0): ForeignTensor =>
      ({ name: `${theirs}.${name}.weight`, shape: [outputs, inputs], parameter: `${ours}.${parameter}.weight`, column, transposed: true })
    return [
      whole(`${theirs}.input_layernorm.weight`, `${ours}.attention.norm.gain`, [width]),
      linear('self_attn.q_proj', 'attention.qkv', width, width),
      linear('self_attn.k_proj', 'attention.qkv', shared, width, width),
      linear('self_attn.v_proj', 'attention.qkv', shared, width, width + shared),
      linear('self_attn.o_proj', 'attention.out', width, width),
      whole(`${theirs}.post_attention_layernorm.weight`, `${ours}.mlp.norm.gain`, [width]),
      linear('mlp.gate_proj', 'mlp.in', hidden, width),
      linear('mlp.up_proj', 'mlp.in', hidden, width, hidden),
      linear('mlp.down_proj', 'mlp.out', width, hidden)
    ]
  }
  return [
    whole('model.embed_tokens.weight', 'embedding.token', [vocabulary, width]),
    ...Array.from({ length: layers }, (_, layer) => layerTensors(layer)).flat(),
    whole('model.norm.weight', 'norm.gain', [width]),
    ...tied ? [] : [whole('lm_head.weight', 'head.weight', [vocabulary, width])]
  ]
}
