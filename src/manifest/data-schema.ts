import { z } from 'zod'
import { natural } from './numbers.ts'

export const dataSchema = z.strictObject({
  corpus: z.literal('sotu'),
  /** SHA-256 (hex) over the corpus files in order of name. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  /** Every n-th document is held out. */
  holdOutEvery: natural.min(2).max(1000),
  shards: natural.max(4096),
  split: z.enum(['era', 'iid'])
})

/** How text becomes token ids. */
export const tokenizerSchema = z.strictObject({ kind: z.literal('bytes') })
