import { z } from 'zod'
import { CHUNK_BYTES } from '../../src/transfer/chunk-plan.ts'
import { MAXIMUM_ATTESTED_PARTS } from '../../src/transfer/attesting.ts'
import { SKETCH_SIZE } from '../../src/transfer/sketch.ts'
import { countSchema } from '../wire/counts.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { MAXIMUM_OFFERS, MAXIMUM_OFFER_BYTES, MAXIMUM_SNAPSHOT_BYTES } from '../wire/limits.ts'
import { rejectionSchema } from '../wire/rejection.ts'

const bytes = (most: number): z.ZodType<Uint8Array> => z.custom<Uint8Array>(value => value instanceof Uint8Array && value.byteLength <= most, `must be at most ${most} bytes`)
const exactly = (length: number): z.ZodType<Uint8Array> => z.custom<Uint8Array>(value => value instanceof Uint8Array && value.byteLength === length, `must be ${length} bytes`)

/** A bit for each chunk of the largest vector. */
const MAXIMUM_BITMAP_BYTES = MAXIMUM_SNAPSHOT_BYTES / CHUNK_BYTES / 8

/** What a signature is over: of one run, so that it says nothing in another. */
const offerBodySchema = z.strictObject({
  run: z.string().max(128),
  layout: z.string().max(128),
  round: countSchema,
  step: countSchema,
  tokens: z.int().min(0),
  values: z.int().min(1).max(MAXIMUM_SNAPSHOT_BYTES / 4),
  vectors: z.int().min(1).max(2),
  data: exactly(32),
  list: exactly(32)
})

const signedOfferSchema = z.strictObject({ body: bytes(MAXIMUM_OFFER_BYTES), signature: exactly(64) })

const attestedPartSchema = z.strictObject({
  vector: z.int().min(0).max(1),
  /** A bit a chunk, the lowest first. */
  chunks: bytes(MAXIMUM_BITMAP_BYTES),
  /** fp32, little-endian. */
  sketch: exactly(4 * SKETCH_SIZE)
})

const requestSchema = z.discriminatedUnion('want', [
  z.strictObject({ want: z.literal('offers'), hold: countSchema.optional() }),
  z.strictObject({ want: z.literal('opinion'), round: countSchema, seed: z.int().min(0).max(2 ** 32 - 1), parts: z.array(attestedPartSchema).min(1).max(MAXIMUM_ATTESTED_PARTS) })
])

const opinionSchema = z.strictObject({ distance: z.number().min(0), expected: z.number().min(0).nullable() })

const answerSchema = z.union([
  z.strictObject({ offers: z.array(signedOfferSchema).max(MAXIMUM_OFFERS) }),
  z.strictObject({ opinions: z.array(opinionSchema).max(MAXIMUM_ATTESTED_PARTS) }),
  z.strictObject({ rejection: rejectionSchema })
])

export type OfferBody = z.infer<typeof offerBodySchema>
export type SignedOffer = z.infer<typeof signedOfferSchema>
export type SnapshotRequest = z.infer<typeof requestSchema>
export type OpinionRequest = Extract<SnapshotRequest, { want: 'opinion' }>
export type SnapshotAnswer = z.infer<typeof answerSchema>

export function encodeOfferBody (body: OfferBody): Uint8Array { return encodeMessage(body) }

/** @throws WireError */
export function decodeOfferBody (encoded: Uint8Array): OfferBody { return decodeMessage(encoded, offerBodySchema) }

export function encodeRequest (request: SnapshotRequest): Uint8Array { return encodeMessage(request) }

/** @throws WireError */
export function decodeRequest (encoded: Uint8Array): SnapshotRequest { return decodeMessage(encoded, requestSchema) }

export function encodeAnswer (answer: SnapshotAnswer): Uint8Array { return encodeMessage(answer) }

/** @throws WireError */
export function decodeAnswer (encoded: Uint8Array): SnapshotAnswer { return decodeMessage(encoded, answerSchema) }
