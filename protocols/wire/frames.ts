import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import type { ZodType } from 'zod'
import { WireError } from './errors.ts'

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true
}

/** A value as canonical CBOR (RFC 8949 section 4.2.1: shortest forms, sorted keys). */
export function encodeMessage (value: unknown): Uint8Array {
  return encode(value, rfc8949EncodeOptions)
}

/**
 * Reads one canonical CBOR value of the given shape.
 *
 * @throws WireError `malformed` for any other bytes
 */
export function decodeMessage<T> (bytes: Uint8Array, schema: ZodType<T>): T {
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new WireError('malformed', `a message is not of the protocol: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
}

function decodeCanonical (bytes: Uint8Array): unknown {
  try {
    const value: unknown = decode(bytes, DECODE_OPTIONS)
    // one value, one encoding: hashes and signatures over messages stay meaningful
    if (!equalBytes(encodeMessage(value), bytes)) throw new Error('the encoding is not canonical')
    return value
  } catch (error) {
    throw new WireError('malformed', `bytes are not canonical CBOR: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** True when both arrays hold the same bytes. */
export function equalBytes (a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}

/** Longest length prefix that is accepted: 4 bytes of 7 bits reach 256 MiB, far above every frame limit. */
export const MAXIMUM_PREFIX_BYTES = 4

/**
 * The unsigned varint (LEB128) at the start of `bytes`, or undefined when more bytes are needed.
 *
 * @throws WireError `malformed` when the prefix is longer than any frame may be
 */
export function readLengthPrefix (bytes: { readonly byteLength: number, get (index: number): number }): { length: number, prefixBytes: number } | undefined {
  let length = 0
  for (let index = 0; index < Math.min(bytes.byteLength, MAXIMUM_PREFIX_BYTES); index++) {
    const byte = bytes.get(index)
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { length, prefixBytes: index + 1 }
  }
  if (bytes.byteLength >= MAXIMUM_PREFIX_BYTES) throw new WireError('malformed', 'a length prefix is longer than 4 bytes')
  return undefined
}

/** Control characters, which could move the cursor or recolour the terminal that shows a peer's sentence. */
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text from a peer, fit for one line of a terminal or log. */
export function plainText (text: string): string {
  return text.replace(CONTROL_CHARACTERS, ' ').trim()
}
