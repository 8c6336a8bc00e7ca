import { z } from 'zod'
import { MOST_WIDENINGS } from '../../src/compression/referenced-codec.ts'
import { MOST_RUNGS } from '../../src/manifest/method-schema.ts'
import type { ExchangeMessage } from '../../src/ports.ts'
import { bodyHeaderShape } from '../wire/body.ts'
import { countSchema } from '../wire/counts.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { MAXIMUM_GROUP_MEMBERS, MAXIMUM_PEER_ID_LENGTH, MAXIMUM_SHARE } from '../wire/limits.ts'
import { rejectionCodeSchema, sentenceSchema } from '../wire/rejection.ts'

const count = z.int().min(0)
/** A 32-bit hash. */
const hash = z.int().min(0).max(2 ** 32 - 1)
/** A place in a plan. */
const place = z.int().min(0).max(MAXIMUM_GROUP_MEMBERS - 1)
const places = z.array(place).max(MAXIMUM_GROUP_MEMBERS)
const peerId = z.string().min(1).max(MAXIMUM_PEER_ID_LENGTH)
/** A place in a ladder of codecs. */
const rung = z.int().min(0).max(MOST_RUNGS)
/** Of a question about weights, from 1: nobody answers more. */
const attempt = z.int().min(1).max(MOST_WIDENINGS)
const share = z.int().min(0).max(MAXIMUM_SHARE)

const frameSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('offer'), round: countSchema, fragment: count, basis: hash.optional() }),
  z.strictObject({ kind: z.literal('accept'), round: countSchema, basis: hash.optional() }),
  z.strictObject({ kind: z.literal('reject'), code: rejectionCodeSchema, sentence: sentenceSchema }),
  z.strictObject({
    kind: z.literal('plan'),
    round: countSchema,
    members: z.array(peerId).min(2).max(MAXIMUM_GROUP_MEMBERS),
    shares: z.array(share).min(2).max(MAXIMUM_GROUP_MEMBERS)
  }),
  /** Followed by `byteLength` payload bytes outside any frame, as are the mean and the reference. */
  z.strictObject({ kind: z.literal('contribution'), round: countSchema, fragment: count, plan: hash.optional(), part: place.optional(), tokens: count, rung: rung.optional(), ...bodyHeaderShape }),
  z.strictObject({ kind: z.literal('widen'), round: countSchema, attempt, ...bodyHeaderShape }),
  z.strictObject({ kind: z.literal('widening'), round: countSchema, attempt, ...bodyHeaderShape }),
  z.strictObject({ kind: z.literal('mean'), round: countSchema, fragment: count, plan: hash, part: place, members: places, ...bodyHeaderShape }),
  z.strictObject({ kind: z.literal('commit'), round: countSchema, parts: places.optional() }),
  z.strictObject({ kind: z.literal('ask'), round: countSchema }),
  z.strictObject({ kind: z.literal('reference'), round: countSchema, fragment: count, basis: hash.optional(), ...bodyHeaderShape }),
  /** The sender ends the exchange and says why. */
  z.strictObject({ kind: z.literal('close'), reason: sentenceSchema })
])

/** What travels in a frame of the exchange protocol. */
export type ExchangeFrame = z.infer<typeof frameSchema>
/** Messages whose payload travels behind their frame. */
export type BulkMessage = Extract<ExchangeMessage, { payload: Uint8Array }>
export type BulkHeader = Extract<ExchangeFrame, { byteLength: number }>

/** What is undefined is left out: CBOR of ours has no such value. */
export function encodeFrame (frame: ExchangeFrame): Uint8Array {
  return encodeMessage(Object.fromEntries(Object.entries(frame).filter(([, value]) => value !== undefined)))
}

/** @throws WireError */
export function decodeFrame (bytes: Uint8Array): ExchangeFrame { return decodeMessage(bytes, frameSchema) }
