import { z } from 'zod'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { sentenceSchema } from '../wire/rejection.ts'

const goodbyeSchema = z.object({ reason: sentenceSchema })

/** Why a peer leaves, in a sentence. */
export type Goodbye = z.infer<typeof goodbyeSchema>

/** Tells the one who leaves that it was heard: it may close the connection now. */
export const HEARD = encodeMessage({ heard: true })

export function encodeGoodbye (goodbye: Goodbye): Uint8Array { return encodeMessage(goodbye) }

/** @throws WireError */
export function decodeGoodbye (bytes: Uint8Array): Goodbye { return decodeMessage(bytes, goodbyeSchema) }
