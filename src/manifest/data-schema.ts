import { z } from 'zod'
import { BYTE_VOCABULARY } from '../data/byte-tokenizer.ts'
import { natural } from './numbers.ts'

/** SHA-256 as 64 hexadecimal digits. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')

/** A list of files is read whole: 16 MiB name about a hundred thousand. */
export const MAXIMUM_LIST_BYTES = 16 * 1024 * 1024

/** A tokenizer is read whole; a byte-level BPE of 200,000 tokens takes about 16 MiB. */
export const MAXIMUM_TOKENIZER_BYTES = 64 * 1024 * 1024

/** A tebibyte of text is more than a swarm of desktops trains on. */
export const MAXIMUM_DATA_BYTES = 2 ** 40

/** A name in a record, not a text. */
const fieldName = z.string().min(1).max(200)
const shards = natural.max(4096)
const holdOutEvery = natural.min(2).max(1000)

/** Files by content: the list of their names, hashes and sizes is itself a file with a hash. */
export const fileListSchema = z.strictObject({
  sha256: sha256Schema,
  /** Of the list. */
  listBytes: natural.max(MAXIMUM_LIST_BYTES),
  /** Of the files together. */
  bytes: natural.max(MAXIMUM_DATA_BYTES)
})

/** The State of the Union addresses. */
const corpusSchema = z.strictObject({
  corpus: z.literal('sotu'),
  /** SHA-256 (hex) over the corpus files in order of name. */
  sha256: sha256Schema,
  /** Every n-th document is held out. */
  holdOutEvery,
  shards,
  split: z.enum(['era', 'iid'])
})

/** Anybody's text and JSONL files, which peers get from each other. */
const filesSchema = z.strictObject({
  corpus: z.literal('files'),
  files: fileListSchema,
  /** Where a JSONL record has its text. */
  field: fieldName.optional(),
  /** Every n-th piece of text is held out. */
  holdOutEvery,
  shards,
  /** Dealt piece by piece, or by label: whole labels to the lightest shard, or contiguous runs of labels in their order. */
  split: z.enum(['iid', 'label', 'era']),
  /** A field of JSONL records; the file's name when left out. */
  label: fieldName.optional()
}).refine(data => data.split !== 'iid' || data.label === undefined, { error: 'has no meaning where pieces are dealt one by one', path: ['label'] })

/** Every peer trains on files of its own, which stay where they are. */
const ownSchema = z.strictObject({
  corpus: z.literal('own'),
  /** Where a JSONL record has its text. */
  field: fieldName.optional(),
  /** What all peers are judged by; a part of each one's own when left out, and then their losses do not compare. */
  heldOut: fileListSchema.optional(),
  /** Every n-th piece of a peer's own text is held out. */
  holdOutEvery
})

/** Digits drawn by program from a seed, for classifiers. */
const glyphsSchema = z.strictObject({
  corpus: z.literal('glyphs'),
  seed: z.int().min(0).max(0xffff_ffff),
  examples: natural.min(100).max(1_000_000),
  /** Every n-th example is held out. */
  holdOutEvery,
  shards,
  /** Dealt one by one, or in order of class, so that each shard knows few classes. */
  split: z.enum(['iid', 'label'])
})

/** Images and labels in MNIST's format, which peers get from each other. */
const idxSchema = z.strictObject({ ...glyphsSchema.omit({ corpus: true, seed: true, examples: true }).shape, corpus: z.literal('idx'), files: fileListSchema })

export const dataSchema = z.discriminatedUnion('corpus', [corpusSchema, filesSchema, ownSchema, glyphsSchema, idxSchema])

type Data = z.infer<typeof dataSchema>

/** Whether data is examples of classes; the others are text. */
export function isExamplesData (data: Data): data is Extract<Data, { corpus: 'glyphs' | 'idx' }> {
  return data.corpus === 'glyphs' || data.corpus === 'idx'
}

/** How text becomes token ids: a token a byte, or a tokenizer file (byte-level BPE, or our list of characters) by its hash. */
export const tokenizerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bytes') }),
  z.strictObject({ kind: z.literal('file'), sha256: sha256Schema, bytes: natural.max(MAXIMUM_TOKENIZER_BYTES), vocabulary: natural.max(1_000_000) })
])

/** Ids of a tokenizer are below this. */
export function vocabularyOf (tokenizer: z.infer<typeof tokenizerSchema>): number {
  return tokenizer.kind === 'bytes' ? BYTE_VOCABULARY : tokenizer.vocabulary
}
