import { z } from 'zod'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { MAXIMUM_MANIFEST_BYTES } from '../wire/limits.ts'
import { rejectionSchema, type Rejection } from '../wire/rejection.ts'

const requestSchema = z.object({ runId: z.string().min(1).max(128) })

export type ManifestRequest = z.infer<typeof requestSchema>

const answerSchema = z.union([
  z.object({ manifest: z.instanceof(Uint8Array).refine(bytes => bytes.byteLength <= MAXIMUM_MANIFEST_BYTES, 'too long') }),
  z.object({ rejection: rejectionSchema })
])

/** The signed manifest's bytes, unchecked, or why there are none. */
export type ManifestAnswer = { readonly manifest: Uint8Array } | { readonly rejection: Rejection }

export function encodeRequest (request: ManifestRequest): Uint8Array { return encodeMessage(request) }

/** @throws WireError */
export function decodeRequest (bytes: Uint8Array): ManifestRequest { return decodeMessage(bytes, requestSchema) }

export function encodeAnswer (answer: ManifestAnswer): Uint8Array { return encodeMessage(answer) }

/** @throws WireError */
export function decodeAnswer (bytes: Uint8Array): ManifestAnswer { return decodeMessage(bytes, answerSchema) }
