import { z } from 'zod'
import { admissionSchema } from './admission-schema.ts'
import { dataSchema, isExamplesData, tokenizerSchema, vocabularyOf } from './data-schema.ts'
import { innerSchema } from './inner-schema.ts'
import type { methodSchema } from './method-schema.ts'
import { modelSchema } from './model-schema.ts'
import { anyMethodSchema } from './scalar-schema.ts'

export { admissionSchema } from './admission-schema.ts'
export { dataSchema, isExamplesData, tokenizerSchema, vocabularyOf } from './data-schema.ts'
export { innerSchema } from './inner-schema.ts'
export { methodSchema, outerSchema } from './method-schema.ts'
export { cnnSchema, gptSchema, llamaSchema, mlpSchema, modelSchema } from './model-schema.ts'

export const manifestSchema = z.strictObject({
  version: z.literal(1),
  /** Ed25519 public key (hex) of whoever made the run; its signature travels beside the manifest. */
  creator: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes, at most 64'),
  /** Seeds genesis weights, matching and codecs. */
  seed: z.int().min(0).max(0xffff_ffff),
  model: modelSchema,
  /** Weights that the run starts from in place of the seed's: SHA-256 (hex) of them as flat fp32, little-endian. */
  genesis: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits') }).optional(),
  tokenizer: tokenizerSchema,
  data: dataSchema,
  inner: innerSchema,
  method: anyMethodSchema,
  /** Only who has the network's key, which is in invites and never here, gets a connection to anybody of the run. */
  network: z.literal('private').optional(),
  /** Inner steps after which a peer is done; 0 trains until it is stopped. */
  budget: z.strictObject({ steps: z.int().min(0) }),
  admission: admissionSchema
}).refine(({ model, tokenizer }) => !('vocabulary' in model) || model.vocabulary >= vocabularyOf(tokenizer), {
  error: 'is smaller than the tokenizer’s: each of its tokens needs a row', path: ['model', 'vocabulary']
}).refine(({ inner: { accumulate = 1, batchGrowth } }) => batchGrowth === undefined || (accumulate >= 2 && batchGrowth.mostPasses >= accumulate), {
  error: 'needs two passes to tell noise from gradient, accumulate ≥ 2, and mostPasses no fewer', path: ['inner', 'batchGrowth']
}).refine(({ inner, method }) => inner.batchGrowth === undefined || !('kind' in method || method.shares === 'gradients'), {
  error: 'grows each peer’s own batch, and a method that shares gradients or single bytes has one batch for all', path: ['inner', 'batchGrowth']
}).refine(({ model, data }) => ('classes' in model) === isExamplesData(data), {
  error: 'is not what the model reads: gpt and llama read text, mlp and cnn examples (glyphs, idx)', path: ['data', 'corpus']
})

export type RunManifest = z.infer<typeof manifestSchema>
export type ModelSpec = RunManifest['model']
export type GptSpec = Extract<ModelSpec, { kind: 'gpt' }>
export type LlamaSpec = Extract<ModelSpec, { kind: 'llama' }>
export type MlpSpec = Extract<ModelSpec, { kind: 'mlp' }>
export type CnnSpec = Extract<ModelSpec, { kind: 'cnn' }>
export type TextSpec = GptSpec | LlamaSpec
export type ClassifierSpec = MlpSpec | CnnSpec
export type DataSpec = RunManifest['data']
export type CorpusSpec = Extract<DataSpec, { corpus: 'sotu' }>
export type FilesSpec = Extract<DataSpec, { corpus: 'files' }>
export type ExamplesSpec = Extract<DataSpec, { corpus: 'glyphs' | 'idx' }>
export type TextDataSpec = Exclude<DataSpec, ExamplesSpec>
export type OwnDataSpec = Extract<DataSpec, { corpus: 'own' }>
export type InnerSpec = RunManifest['inner']
/** A point of the first-order frame. */
export type MethodSpec = z.infer<typeof methodSchema>
/** That, or a method of scalars. */
export type AnyMethodSpec = RunManifest['method']
export type OuterSpec = MethodSpec['outer']
export type TokenizerSpec = RunManifest['tokenizer']
