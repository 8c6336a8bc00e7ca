import { z } from 'zod'

const natural = z.int().min(1)
const positive = z.number().positive()
const fraction = z.number().min(0).max(1)

export const gptSchema = z.strictObject({
  kind: z.literal('gpt'),
  layers: natural.max(96),
  width: natural.max(16384),
  heads: natural.max(128),
  context: natural.max(65536),
  vocabulary: natural.max(1_000_000)
}).refine(model => model.width % model.heads === 0, { error: 'width must be a multiple of heads', path: ['heads'] })

/** `groups` is the number of keys and values that the heads share (`num_key_value_heads`), `hidden` the MLP's inner width. */
export const llamaSchema = z.strictObject({
  kind: z.literal('llama'),
  layers: natural.max(96),
  width: natural.max(16384),
  heads: natural.max(128),
  groups: natural.max(128),
  hidden: natural.max(65536),
  context: natural.max(65536),
  vocabulary: natural.max(1_000_000),
  ropeBase: positive.max(1e9),
  /** Whether the output head is the embedding's table. */
  tied: z.boolean()
})
  .refine(model => model.width % (2 * model.heads) === 0, { error: 'width must be an even multiple of heads', path: ['heads'] })
  .refine(model => model.heads % model.groups === 0, { error: 'heads must be a multiple of groups', path: ['groups'] })

/** A model is named by its kind. */
export const modelSchema = z.discriminatedUnion('kind', [gptSchema, llamaSchema])

export const dataSchema = z.strictObject({
  corpus: z.literal('sotu'),
  /** SHA-256 (hex) over the corpus files in order of name. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  /** Every n-th document is held out. */
  holdOutEvery: natural.min(2).max(1000),
  shards: natural.max(4096),
  split: z.enum(['era', 'iid'])
})

/**
 * `beta1` is the momentum of `sgd` and of `muon`'s matrices, and Lion's share of momentum in a step; `beta2` and `epsilon`
 * matter to AdamW, whose part in Muon is all that is no matrix within a layer, and `beta2` to Lion.
 */
export const innerSchema = z.strictObject({
  optimizer: z.enum(['adamw', 'sgd', 'lion', 'muon']),
  learningRate: positive.max(1),
  beta1: fraction,
  beta2: fraction,
  epsilon: positive,
  weightDecay: z.number().min(0).max(10),
  clipNorm: positive,
  /** Sequences of `context` tokens a step, or a pass where gradients are accumulated. */
  batch: natural.max(65536),
  /** Passes whose mean gradient is one step's; 1 when left out. */
  accumulate: natural.max(1024).optional(),
  warmupSteps: z.int().min(0),
  decay: z.enum(['constant', 'cosine', 'wsd'])
})

/** The outer optimizer: one of the frame's six axes (algorithms.md, "Outer optimizers"). */
export const outerSchema = z.discriminatedUnion('kind', [
  /** m ← μm + η[(θ_i − φ_i) + (mean Q(θ) − Q(θ_i))], γ = η (NoLoCo, arXiv 2506.10911, mean-exact form). */
  z.strictObject({ kind: z.literal('noloco'), learningRate: positive, momentum: fraction }),
  /** φ ← mean Q(θ), mean-exact (FedAvg, McMahan 2017). */
  z.strictObject({ kind: z.literal('average') })
])

/** A first-order method as a point on the frame's six axes. */
export const methodSchema = z.strictObject({
  /** Peers that average together in a round; 1 trains alone. */
  groupSize: natural.max(2),
  /** Pieces in which the weights are synced. */
  fragments: z.literal(1),
  /** Inner steps between two syncs of the same fragment, H. */
  everySteps: natural.max(100_000),
  /** Inner steps for which a fragment may be in flight, τ. */
  overlapSteps: z.literal(0),
  outer: outerSchema,
  /** Codec spec, e.g. `int8(64)`. */
  codec: z.string().min(1).max(200),
  /** Longest wait for a partner before training on alone. */
  graceMs: z.int().min(100).max(600_000)
})

export const manifestSchema = z.strictObject({
  version: z.literal(1),
  /** Ed25519 public key (hex) of whoever made the run; its signature travels beside the manifest. */
  creator: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes, at most 64'),
  /** Seeds genesis weights, matching and codecs. */
  seed: z.int().min(0).max(0xffff_ffff),
  model: modelSchema,
  tokenizer: z.strictObject({ kind: z.literal('bytes') }),
  data: dataSchema,
  inner: innerSchema,
  method: methodSchema,
  /** Inner steps after which a peer is done; 0 trains until it is stopped. */
  budget: z.strictObject({ steps: z.int().min(0) }),
  admission: z.strictObject({ kind: z.literal('open') })
})

export type RunManifest = z.infer<typeof manifestSchema>
export type ModelSpec = RunManifest['model']
export type GptSpec = Extract<ModelSpec, { kind: 'gpt' }>
export type LlamaSpec = Extract<ModelSpec, { kind: 'llama' }>
export type DataSpec = RunManifest['data']
export type InnerSpec = RunManifest['inner']
export type MethodSpec = RunManifest['method']
export type OuterSpec = MethodSpec['outer']
