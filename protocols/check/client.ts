import type { Stream } from '@libp2p/interface'
import { asWireError, WireError } from '../wire/errors.ts'
import { PAYLOAD_CHUNK_BYTES } from '../wire/limits.ts'
import { StreamIO } from '../wire/stream-io.ts'
import type { WaitOptions } from '../wire/stream-io.ts'
import { decodeGreeting, decodeReceipt, decodeReport, encodeRequest } from './messages.ts'
import type { CheckGreeting, CheckRequest, DialReport } from './messages.ts'

export interface CheckOptions {
  readonly request: CheckRequest
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  readonly signal?: AbortSignal | undefined
}

export interface CheckResult extends CheckGreeting {
  /** From the request to the first answer. */
  readonly roundTripMs: number
  /** When the first answer came, by `nowMs` of the options. */
  readonly greetedAtMs: number
  /** Undefined where nothing was asked for. */
  readonly uploadBytesPerSecond: number | undefined
  readonly downloadBytesPerSecond: number | undefined
  readonly dials: readonly DialReport[]
}

/**
 * Asks another member how this peer's network looks from there: request → its clock → our bytes → its bytes → how dialling back went.
 *
 * @throws WireError; `refused` with the peer's sentence
 */
export async function askCheck (stream: Stream, { request, nowMs, signal }: CheckOptions): Promise<CheckResult> {
  const io = new StreamIO(stream)
  const wait = { signal }
  try {
    const askedAtMs = nowMs()
    await io.writeFrame(encodeRequest(request), wait)
    const greeting = decodeGreeting(await frameOf(io, wait))
    if ('rejection' in greeting) throw new WireError('refused', greeting.rejection.sentence)
    const greetedAtMs = nowMs()
    await writeFiller(io, request.upload, wait)
    decodeReceipt(await frameOf(io, wait))
    const uploadedAtMs = nowMs()
    await readFiller(io, request.download, wait)
    const downloadedAtMs = nowMs()
    const dials = decodeReport(await frameOf(io, wait))
    await io.end(signal)
    const roundTripMs = greetedAtMs - askedAtMs
    return {
      ...greeting, roundTripMs, greetedAtMs, dials,
      // The receipt takes a round trip of its own.
      uploadBytesPerSecond: rate(request.upload, uploadedAtMs - greetedAtMs - roundTripMs),
      downloadBytesPerSecond: rate(request.download, downloadedAtMs - uploadedAtMs)
    }
  } catch (error) {
    const fault = asWireError(error)
    io.abort(fault)
    throw fault
  }
}

/** Bytes that say nothing; noise encrypts them, so no link can make them fewer. */
export async function writeFiller (io: StreamIO, bytes: number, wait: WaitOptions): Promise<void> {
  for (let left = bytes; left > 0; left -= PAYLOAD_CHUNK_BYTES) await io.write(new Uint8Array(Math.min(left, PAYLOAD_CHUNK_BYTES)), wait)
}

/** Takes bytes that say nothing. */
export async function readFiller (io: StreamIO, bytes: number, wait: WaitOptions): Promise<void> {
  const body = io.readBody(bytes, wait)
  while ((await body.next()).done !== true) continue
}

async function frameOf (io: StreamIO, wait: WaitOptions): Promise<Uint8Array> {
  const frame = await io.readFrame(wait)
  if (frame === undefined) throw new WireError('truncated', 'the peer ended in the middle of a check')
  return frame
}

/** A link that is faster than a clock's tick has no rate. */
function rate (bytes: number, elapsedMs: number): number | undefined {
  return bytes === 0 || elapsedMs < 1 ? undefined : 1000 * bytes / elapsedMs
}
