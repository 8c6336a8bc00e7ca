import { z } from 'zod'
import type { ExchangeMessage } from '../../src/ports.ts'
import { bodyHeaderShape } from '../wire/body.ts'
import { countSchema } from '../wire/counts.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { rejectionCodeSchema, sentenceSchema } from '../wire/rejection.ts'

const count = z.int().min(0)

const frameSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('offer'), round: countSchema, fragment: count }),
  z.strictObject({ kind: z.literal('accept'), round: countSchema }),
  z.strictObject({ kind: z.literal('reject'), code: rejectionCodeSchema, sentence: sentenceSchema }),
  /** Followed by `byteLength` payload bytes outside any frame. */
  z.strictObject({ kind: z.literal('contribution'), round: countSchema, fragment: count, tokens: count, ...bodyHeaderShape }),
  z.strictObject({ kind: z.literal('commit'), round: countSchema }),
  /** The sender ends the exchange and says why. */
  z.strictObject({ kind: z.literal('close'), reason: sentenceSchema })
])

/** What travels in a frame of the exchange protocol. */
export type ExchangeFrame = z.infer<typeof frameSchema>
export type ContributionHeader = Extract<ExchangeFrame, { kind: 'contribution' }>
export type Contribution = Extract<ExchangeMessage, { kind: 'contribution' }>

export function encodeFrame (frame: ExchangeFrame): Uint8Array { return encodeMessage(frame) }

/** @throws WireError */
export function decodeFrame (bytes: Uint8Array): ExchangeFrame { return decodeMessage(bytes, frameSchema) }
