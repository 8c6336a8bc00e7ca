import { z } from 'zod'
import { bodyHeaderShape } from '../wire/body.ts'
import { countSchema } from '../wire/counts.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { rejectionSchema } from '../wire/rejection.ts'

const requestSchema = z.strictObject({ layoutHash: z.string().min(1).max(128) })

/** A joiner asks for the weights of a layout. */
export type StateRequest = z.infer<typeof requestSchema>

const headerSchema = z.strictObject({
  round: countSchema,
  step: countSchema,
  layoutHash: z.string().max(128),
  /** Trained on since the run began, for whoever merges; a peer that does not tell counts as one that trained on nothing. */
  tokens: countSchema.optional(),
  /** Of the body that follows: fp32, little-endian, the flat vector of the layout. */
  ...bodyHeaderShape
})

const answerSchema = z.union([headerSchema, z.strictObject({ rejection: rejectionSchema })])

export type StateHeader = z.infer<typeof headerSchema>
export type StateAnswer = z.infer<typeof answerSchema>

/** One replica's weights at a moment. */
export interface Snapshot {
  readonly round: number
  readonly step: number
  readonly weights: Float32Array
  /** What its weight in a merge is, as it claims. */
  readonly tokens?: number | undefined
}

export function encodeRequest (request: StateRequest): Uint8Array { return encodeMessage(request) }

/** @throws WireError */
export function decodeRequest (bytes: Uint8Array): StateRequest { return decodeMessage(bytes, requestSchema) }

export function encodeAnswer (answer: StateAnswer): Uint8Array { return encodeMessage(answer) }

/** @throws WireError */
export function decodeAnswer (bytes: Uint8Array): StateAnswer { return decodeMessage(bytes, answerSchema) }

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Weights as fp32 little-endian bytes, on any machine: the same memory, which they give up. */
export function weightsToBytes (weights: Float32Array): Uint8Array {
  return littleEndian(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength))
}

/** The inverse of `weightsToBytes`, a copy; `bytes` holds whole values. */
export function bytesToWeights (bytes: Uint8Array): Float32Array {
  return new Float32Array(littleEndian(bytes.slice()).buffer)
}

/** Turns values of 4 bytes from the host's order to little-endian, or back, in place. */
function littleEndian<Bytes extends Uint8Array> (bytes: Bytes): Bytes {
  if (HOST_IS_LITTLE_ENDIAN) return bytes
  for (let at = 0; at < bytes.byteLength; at += 4) bytes.subarray(at, at + 4).reverse()
  return bytes
}
