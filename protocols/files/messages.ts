import { z } from 'zod'
import { bodyHeaderShape } from '../wire/body.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { FILE_PART_BYTES, MAXIMUM_FILE_BYTES } from '../wire/limits.ts'
import { rejectionSchema } from '../wire/rejection.ts'

const requestSchema = z.strictObject({
  /** Of the whole file. */
  file: z.custom<Uint8Array>(value => value instanceof Uint8Array && value.byteLength === 32, 'must be 32 bytes'),
  offset: z.int().min(0).max(MAXIMUM_FILE_BYTES),
  /** Bytes wanted from there; the file may end sooner. */
  length: z.int().min(1).max(FILE_PART_BYTES)
})

/** A part of a file that is named by its SHA-256. */
export type FileRequest = z.infer<typeof requestSchema>

const headerSchema = z.strictObject({
  /** Of the whole file. */
  fileBytes: z.int().min(0).max(MAXIMUM_FILE_BYTES),
  /** Of the body that follows: the part asked for. */
  ...bodyHeaderShape
})

const answerSchema = z.union([headerSchema, z.strictObject({ rejection: rejectionSchema })])

export type FileHeader = z.infer<typeof headerSchema>
export type FileAnswer = z.infer<typeof answerSchema>

export function encodeRequest (request: FileRequest): Uint8Array { return encodeMessage(request) }

/** @throws WireError */
export function decodeRequest (bytes: Uint8Array): FileRequest { return decodeMessage(bytes, requestSchema) }

export function encodeAnswer (answer: FileAnswer): Uint8Array { return encodeMessage(answer) }

/** @throws WireError */
export function decodeAnswer (bytes: Uint8Array): FileAnswer { return decodeMessage(bytes, answerSchema) }
