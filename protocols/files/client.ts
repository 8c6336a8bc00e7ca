import type { Stream } from '@libp2p/interface'
import { ShoalError } from '../../src/errors.ts'
import { readBody } from '../wire/body.ts'
import { asWireError, WireError } from '../wire/errors.ts'
import { FILE_PART_BYTES } from '../wire/limits.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { decodeAnswer, encodeRequest, type FileHeader } from './messages.ts'

export interface WantedFile {
  /** SHA-256 of the whole file, 32 bytes. */
  readonly sha256: Uint8Array
  /** What the manifest says that the file has. */
  readonly bytes: number
  /** Where to begin; the bytes before it are here already. */
  readonly offset: number
}

/**
 * Asks a peer for the rest of a file, part by part on one stream, the next part on its way while one is taken. Each part
 * is checked against its own hash; that they are the file's is known when the whole is hashed, by the caller.
 *
 * @param take is given each part in order; the next waits until it has
 * @throws WireError; `refused` with the peer's sentence, its rejection as the cause, when it does not give the file; a ShoalError of `take`; the signal's reason
 */
export async function fetchFile (stream: Stream, wanted: WantedFile, take: (part: Uint8Array) => Promise<void>, signal?: AbortSignal): Promise<void> {
  const io = new StreamIO(stream)
  const ask = async (offset: number): Promise<void> => {
    if (offset >= wanted.bytes) return
    await io.writeFrame(encodeRequest({ file: wanted.sha256, offset, length: Math.min(FILE_PART_BYTES, wanted.bytes - offset) }), { signal })
  }
  try {
    await ask(wanted.offset)
    for (let offset = wanted.offset; offset < wanted.bytes;) {
      const length = Math.min(FILE_PART_BYTES, wanted.bytes - offset)
      const header = await readHeader(io, wanted, length, signal)
      await ask(offset + length)
      await take(await readBody(io, header, length, { signal }))
      offset += length
    }
    await io.end(signal)
  } catch (error) {
    const fault = asWireError(error)
    io.abort(fault)
    signal?.throwIfAborted()
    // What went wrong on this side is not the peer's fault.
    throw error instanceof ShoalError ? error : fault
  }
}

async function readHeader (io: StreamIO, wanted: WantedFile, length: number, signal: AbortSignal | undefined): Promise<FileHeader> {
  const frame = await io.readFrame({ signal })
  if (frame === undefined) throw new WireError('truncated', 'the peer ended without an answer')
  const answer = decodeAnswer(frame)
  if ('rejection' in answer) throw new WireError('refused', answer.rejection.sentence, answer.rejection)
  if (answer.fileBytes !== wanted.bytes) throw new WireError('malformed', `a file has ${answer.fileBytes} bytes there, ${wanted.bytes} in the manifest`)
  if (answer.byteLength !== length) throw new WireError('malformed', `a part has ${answer.byteLength} bytes, ${length} were asked for`)
  return answer
}
