import { z } from 'zod'
import { decodeMessage, encodeMessage, plainText } from '../wire/frames.ts'
import { MAXIMUM_ADDRESS_LENGTH, MAXIMUM_CHECKED_ADDRESSES, MAXIMUM_PROBE_BYTES } from '../wire/limits.ts'
import { rejectionSchema, sentenceSchema } from '../wire/rejection.ts'

const probeBytes = z.int().min(0).max(MAXIMUM_PROBE_BYTES)
const address = z.string().max(MAXIMUM_ADDRESS_LENGTH).transform(plainText)

const requestSchema = z.object({
  /** Addresses of the asking peer that the other one is to dial. */
  addresses: z.array(address).max(MAXIMUM_CHECKED_ADDRESSES),
  /** Bytes that follow, and bytes that are asked for. */
  upload: probeBytes,
  download: probeBytes
})

/** What a member asks of another one to learn how its own network is. */
export type CheckRequest = z.infer<typeof requestSchema>

const greetingSchema = z.object({
  /** Wall clock of the answering peer, in milliseconds of Unix time. */
  nowMs: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  software: z.string().max(64).transform(plainText),
  /** Where the answering peer sees the asking one. */
  observed: address
})
const greetingAnswerSchema = z.union([greetingSchema, z.object({ rejection: rejectionSchema })])

/** The first answer, at once: clocks are compared by it. */
export type CheckGreeting = z.infer<typeof greetingSchema>

const dialSchema = z.object({ address, reached: z.boolean(), why: sentenceSchema })
const reportSchema = z.object({ dials: z.array(dialSchema).max(MAXIMUM_CHECKED_ADDRESSES) })

/** How dialling back went, address by address. */
export type DialReport = z.infer<typeof dialSchema>

const receiptSchema = z.object({ received: z.literal(true) })
/** Says that the whole upload is here. */
export type CheckReceipt = z.infer<typeof receiptSchema>

export function encodeRequest (request: CheckRequest): Uint8Array { return encodeMessage(request) }
/** @throws WireError */
export function decodeRequest (bytes: Uint8Array): CheckRequest { return decodeMessage(bytes, requestSchema) }

export function encodeGreeting (answer: z.infer<typeof greetingAnswerSchema>): Uint8Array { return encodeMessage(answer) }
/** @throws WireError */
export function decodeGreeting (bytes: Uint8Array): z.infer<typeof greetingAnswerSchema> { return decodeMessage(bytes, greetingAnswerSchema) }

export function encodeReceipt (receipt: CheckReceipt): Uint8Array { return encodeMessage(receipt) }
/** @throws WireError */
export function decodeReceipt (bytes: Uint8Array): CheckReceipt { return decodeMessage(bytes, receiptSchema) }

export function encodeReport (dials: readonly DialReport[]): Uint8Array { return encodeMessage({ dials: [...dials] }) }
/** @throws WireError */
export function decodeReport (bytes: Uint8Array): readonly DialReport[] { return decodeMessage(bytes, reportSchema).dials }
