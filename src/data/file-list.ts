import { z } from 'zod'
import { reasonOf, ShoalError } from '../errors.ts'
import { MAXIMUM_DATA_BYTES, sha256Schema } from '../manifest/data-schema.ts'

/** A name is a label and a line in a message; no file is ever written under it. */
const MAXIMUM_NAME_LENGTH = 1024

const entrySchema = z.strictObject({
  name: z.string().min(1).max(MAXIMUM_NAME_LENGTH),
  sha256: sha256Schema,
  bytes: z.int().min(0).max(MAXIMUM_DATA_BYTES)
})

const listSchema = z.strictObject({ version: z.literal(1), files: z.array(entrySchema).min(1) })

/** One file of a run's data. */
export type FileEntry = z.infer<typeof entrySchema>

/** The list as it lies on disk and travels; its SHA-256 is what a manifest names. Entries are in order of name. */
export function writeFileList (files: readonly FileEntry[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: 1, files }))
}

/** @throws ShoalError DATA_INVALID */
export function readFileList (bytes: Uint8Array): readonly FileEntry[] {
  try {
    return listSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).files
  } catch (cause) {
    throw new ShoalError({
      code: 'DATA_INVALID', what: 'the run’s list of files cannot be read', why: cause instanceof z.ZodError ? cause.issues[0]?.message ?? 'it is no list' : reasonOf(cause),
      tryThis: 'ask whoever made the run to make it again', cause
    })
  }
}
