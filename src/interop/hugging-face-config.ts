import { z } from 'zod'
import { ShoalError } from '../errors.ts'
import type { GptSpec, LlamaSpec, ModelSpec } from '../manifest/schema.ts'
import { gptSchema, llamaSchema } from '../manifest/schema.ts'

/** ε of every norm here; a model that was trained with another one computes something else. */
const NORM_EPSILON = 1e-5
const ROPE_BASE = 10_000

/** What Hugging Face keeps beside a model's weights as `config.json`. @throws ShoalError USAGE for a classifier */
export function huggingFaceConfig (spec: ModelSpec): Record<string, unknown> {
  switch (spec.kind) {
    case 'gpt': return gpt2Config(spec)
    case 'llama': return llamaConfig(spec)
    case 'mlp':
    case 'cnn': throw new ShoalError({ code: 'USAGE', what: `a ${spec.kind} model has no config.json`, why: 'only GPT-2s and Llamas do', tryThis: '--format plain' })
  }
}

function gpt2Config ({ layers, width, heads, context, vocabulary }: GptSpec): Record<string, unknown> {
  return {
    architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_layer: layers, n_embd: width, n_head: heads, n_positions: context, vocab_size: vocabulary,
    activation_function: 'gelu_new', layer_norm_epsilon: NORM_EPSILON, tie_word_embeddings: true, torch_dtype: 'float32'
  }
}

function llamaConfig ({ layers, width, heads, groups, hidden, context, vocabulary, ropeBase, tied }: LlamaSpec): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'], model_type: 'llama', num_hidden_layers: layers, hidden_size: width, num_attention_heads: heads,
    num_key_value_heads: groups, head_dim: width / heads, intermediate_size: hidden, max_position_embeddings: context, vocab_size: vocabulary,
    rope_theta: ropeBase, rms_norm_eps: NORM_EPSILON, hidden_act: 'silu', attention_bias: false, mlp_bias: false, tie_word_embeddings: tied,
    torch_dtype: 'float32'
  }
}

const natural = z.int().min(1)

/** GPT-2's own defaults, which its published configurations leave out. */
const gpt2Schema = z.object({
  model_type: z.literal('gpt2'),
  n_layer: natural, n_embd: natural, n_head: natural, n_positions: natural, vocab_size: natural,
  n_inner: z.null().optional(),
  activation_function: z.literal(['gelu_new', 'gelu_pytorch_tanh']).default('gelu_new'),
  layer_norm_epsilon: z.literal(NORM_EPSILON).default(NORM_EPSILON),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
  tie_word_embeddings: z.literal(true).default(true)
}).transform(config => ({
  kind: 'gpt' as const, layers: config.n_layer, width: config.n_embd, heads: config.n_head, context: config.n_positions, vocabulary: config.vocab_size
}))

const llamaConfigSchema = z.object({
  model_type: z.literal('llama'),
  num_hidden_layers: natural, hidden_size: natural, num_attention_heads: natural, intermediate_size: natural, max_position_embeddings: natural,
  vocab_size: natural,
  num_key_value_heads: natural.optional(),
  head_dim: natural.nullish(),
  rope_theta: z.number().positive().default(ROPE_BASE),
  rope_scaling: z.null().optional(),
  rms_norm_eps: z.literal(NORM_EPSILON),
  hidden_act: z.literal('silu').default('silu'),
  attention_bias: z.literal(false).default(false),
  mlp_bias: z.literal(false).default(false),
  tie_word_embeddings: z.boolean().default(false)
})
  .refine(config => (config.head_dim ?? config.hidden_size / config.num_attention_heads) === config.hidden_size / config.num_attention_heads, {
    error: 'must be hidden_size / num_attention_heads', path: ['head_dim']
  })
  .transform(config => ({
    kind: 'llama' as const, layers: config.num_hidden_layers, width: config.hidden_size, heads: config.num_attention_heads,
    groups: config.num_key_value_heads ?? config.num_attention_heads, hidden: config.intermediate_size, context: config.max_position_embeddings,
    vocabulary: config.vocab_size, ropeBase: config.rope_theta, tied: config.tie_word_embeddings
  }))

const readers = { gpt2: gpt2Schema.pipe(gptSchema), llama: llamaConfigSchema.pipe(llamaSchema) }

/**
 * Reads a Hugging Face `config.json` of a GPT-2 or Llama.
 *
 * @throws ShoalError CHECKPOINT_INCOMPATIBLE when it is of another model, or of one that computes something else than ours
 */
export function specOfConfig (config: unknown): ModelSpec {
  const kind = z.object({ model_type: z.enum(['gpt2', 'llama']) }).safeParse(config)
  if (!kind.success) throw incompatible('its configuration names no model_type that can be read; those are gpt2 and llama')
  const parsed = readers[kind.data.model_type].safeParse(config)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw incompatible(`${issue?.path.join('.') ?? 'its configuration'}: ${issue?.message ?? 'does not fit'}`)
}

function incompatible (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE',
    what: 'the model cannot be taken over',
    why,
    tryThis: 'import a GPT-2 or Llama without rope scaling, with norms of ε = 1e-5'
  })
}
