import { z } from 'zod'
import { countSchema, timeSchema } from '../wire/counts.ts'
import { decodeMessage, encodeMessage, plainText } from '../wire/frames.ts'
import { MAXIMUM_ISSUERS } from '../../src/manifest/admission-schema.ts'
import { SHOWN_PASS_BYTES } from '../../src/membership/pass.ts'
import { MAXIMUM_REVOKED } from '../../src/membership/revocation.ts'
import { SIGNATURE_BYTES } from '../../src/membership/signatures.ts'
import { MAXIMUM_ADDRESS_LENGTH, MAXIMUM_ADDRESSES_PER_PEER, MAXIMUM_KNOWN_PEERS } from '../wire/limits.ts'
import { rejectionSchema } from '../wire/rejection.ts'

/** Printable text without spaces, such as a hash. */
const token = z.string().regex(/^[\x21-\x7e]{1,128}$/)
const version = z.int().min(1).max(65_535)
const addresses = z.array(z.string().max(MAXIMUM_ADDRESS_LENGTH)).max(MAXIMUM_ADDRESSES_PER_PEER)

const bytes = (length: number): z.ZodType<Uint8Array> => z.custom<Uint8Array>(value => value instanceof Uint8Array && value.byteLength === length, `must be ${length} bytes`)

/** Signed by the issuer over the run and the rest, which is checked where it is known who may issue. */
const revocationSchema = z.strictObject({
  issuer: z.string().regex(/^[0-9a-f]{64}$/),
  sequence: countSchema,
  revoked: z.array(token).max(MAXIMUM_REVOKED).readonly(),
  signature: bytes(SIGNATURE_BYTES)
})

// unknown keys are let through: a newer peer deserves the sentence about versions, not a reset
const helloSchema = z.object({
  software: z.string().max(64).transform(plainText),
  protocols: z.object({ minimum: version, maximum: version }),
  runId: token,
  layoutHash: token,
  codec: z.string().min(1).max(200).transform(plainText),
  /** `toldMs` orders what a peer tells, across its lives; from version 2 on. */
  progress: z.object({ round: countSchema, step: countSchema, training: z.boolean(), toldMs: timeSchema.optional() }),
  addresses,
  peers: z.array(z.object({ peerId: token, addresses })).max(MAXIMUM_KNOWN_PEERS),
  /** Where the run admits by pass; from version 2 on. */
  pass: bytes(SHOWN_PASS_BYTES).optional(),
  revocations: z.array(revocationSchema).max(MAXIMUM_ISSUERS + 1).optional()
})

/** What a peer says of itself when two meet. */
export type Hello = z.infer<typeof helloSchema>

/** A peer that others may dial. */
export type KnownPeer = Hello['peers'][number]

const verdictSchema = z.discriminatedUnion('accept', [
  z.object({ accept: z.literal(true) }),
  z.object({ accept: z.literal(false), ...rejectionSchema.shape })
])

/** One side's answer to the other's hello. */
export type Verdict = z.infer<typeof verdictSchema>

const answerSchema = z.object({ hello: helloSchema, verdict: verdictSchema })

/** The answering side's only message but one: who it is, and whether it takes the other in. */
export type HelloAnswer = z.infer<typeof answerSchema>

export function encodeHello (hello: Hello): Uint8Array { return encodeMessage(hello) }

/** @throws WireError */
export function decodeHello (bytes: Uint8Array): Hello { return decodeMessage(bytes, helloSchema) }

export function encodeAnswer (answer: HelloAnswer): Uint8Array { return encodeMessage(answer) }

/** @throws WireError */
export function decodeAnswer (bytes: Uint8Array): HelloAnswer { return decodeMessage(bytes, answerSchema) }

export function encodeVerdict (verdict: Verdict): Uint8Array { return encodeMessage(verdict) }

/** @throws WireError */
export function decodeVerdict (bytes: Uint8Array): Verdict { return decodeMessage(bytes, verdictSchema) }
