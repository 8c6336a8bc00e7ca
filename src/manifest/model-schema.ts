import { z } from 'zod'
import { natural, positive } from './numbers.ts'

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

/** `inputs` features an example; `hidden` has the width of each layer between them and the classes. */
export const mlpSchema = z.strictObject({
  kind: z.literal('mlp'),
  inputs: natural.max(1_000_000),
  hidden: z.array(natural.max(65536)).min(1).max(96),
  classes: natural.min(2).max(1_000_000)
})

/** Images of height × width × channels values; `filters` has the channels that each stage gives, and a stage halves what the one before gave. */
export const cnnSchema = z.strictObject({
  kind: z.literal('cnn'),
  height: natural.max(1024),
  width: natural.max(1024),
  channels: natural.max(256),
  filters: z.array(natural.max(4096)).min(1).max(10),
  classes: natural.min(2).max(1_000_000)
}).refine(({ height, width, filters }) => height % 2 ** (filters.length - 1) === 0 && width % 2 ** (filters.length - 1) === 0, {
  error: 'height and width must be halved once between any two stages', path: ['filters']
})

/** A model is named by its kind. */
export const modelSchema = z.discriminatedUnion('kind', [gptSchema, llamaSchema, mlpSchema, cnnSchema])
