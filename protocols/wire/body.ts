import { sha256 } from '@noble/hashes/sha2.js'
import { z } from 'zod'
import { WireError } from './errors.ts'
import { equalBytes } from './frames.ts'
import { PAYLOAD_CHUNK_BYTES } from './limits.ts'
import type { StreamIO, WaitOptions } from './stream-io.ts'

/** Length and hash travel ahead of a body: a killed sender looks like a clean end of stream. */
export interface BodyHeader {
  readonly byteLength: number
  readonly sha256: Uint8Array
}

/** The fields of `BodyHeader` in a message's schema. */
export const bodyHeaderShape = {
  byteLength: z.int().min(0),
  sha256: z.custom<Uint8Array>(value => value instanceof Uint8Array && value.byteLength === 32, 'must be 32 bytes')
}

export function describeBody (body: Uint8Array): BodyHeader {
  return { byteLength: body.byteLength, sha256: sha256(body) }
}

/** Some 5 ms of hashing; then whatever else waits has its turn. */
const HASHED_AT_ONCE_BYTES = 256 * 1024

/** As `describeBody`, for bodies whose hash takes longer than others should wait. The body must not change until then. */
export async function describeLargeBody (body: Uint8Array): Promise<BodyHeader> {
  return { byteLength: body.byteLength, sha256: await largeSha256(body) }
}

/** By the platform, in a thread of its own, where it hashes: a page must come from a secure origin for that. In slices elsewhere. */
async function largeSha256 (body: Uint8Array): Promise<Uint8Array> {
  if (body.byteLength <= HASHED_AT_ONCE_BYTES) return sha256(body)
  const subtle = globalThis.crypto.subtle as typeof globalThis.crypto.subtle | undefined
  if (subtle !== undefined) return new Uint8Array(await subtle.digest('SHA-256', body))
  const hash = sha256.create()
  for (let at = 0; at < body.byteLength; at += HASHED_AT_ONCE_BYTES) {
    if (at > 0) await new Promise(resolve => { setTimeout(resolve) })
    hash.update(body.subarray(at, at + HASHED_AT_ONCE_BYTES))
  }
  return hash.digest()
}

/** Sends a body in chunks, each when the partner has room for it. The body must not change until then. */
export async function writeBody (io: StreamIO, body: Uint8Array, options: WaitOptions = {}): Promise<void> {
  for (let at = 0; at < body.byteLength; at += PAYLOAD_CHUNK_BYTES) {
    await io.write(body.subarray(at, at + PAYLOAD_CHUNK_BYTES), options)
  }
}

/**
 * Receives a body whole, or not at all.
 *
 * @throws WireError `too-long` before anything is allocated, `truncated`, or `malformed` when the hash differs
 */
export async function readBody (io: StreamIO, header: BodyHeader, maximumBytes: number, options: WaitOptions = {}): Promise<Uint8Array> {
  const { byteLength } = header
  if (byteLength > maximumBytes) throw new WireError('too-long', `a body of ${byteLength} bytes exceeds the ${maximumBytes} allowed`)
  const body = new Uint8Array(byteLength)
  let at = 0
  for await (const piece of io.readBody(byteLength, options)) {
    body.set(piece, at)
    at += piece.byteLength
  }
  if (!equalBytes(await largeSha256(body), header.sha256)) throw new WireError('malformed', 'a body does not match its SHA-256')
  return body
}
