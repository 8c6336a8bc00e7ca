import { bytesToHex } from '@noble/hashes/utils.js'
import type { Stream } from '@libp2p/interface'
import { describeBody, writeBody } from '../wire/body.ts'
import { BodyTurns } from '../wire/body-turns.ts'
import { asWireError } from '../wire/errors.ts'
import { MAXIMUM_FILE_UPLOADS, REQUEST_AHEAD_BYTES } from '../wire/limits.ts'
import { rejection, type Rejection } from '../wire/rejection.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { decodeRequest, encodeAnswer, type FileRequest } from './messages.ts'

/** A file that may be given away. */
export interface ServedFile {
  readonly bytes: number
  /** At most `length` bytes from `offset` on; fewer only where the file ends. */
  read (offset: number, length: number): Promise<Uint8Array>
  close (): Promise<void>
}

export interface FilesHandlerOptions {
  /** Opens a file of the run by SHA-256 (hex); undefined for what is not of the run, or is not here. */
  readonly open: (sha256: string) => Promise<ServedFile | undefined>
  /** Why this peer gets no files, or undefined when it does. */
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  readonly signal: AbortSignal
}

const BUSY = rejection('BUSY', { what: `it already serves ${MAXIMUM_FILE_UPLOADS} files` })

/** Gives members of the run its files, part by part: one part for each member is in memory, however many it asks for at once. */
export class FilesHandler {
  readonly #options: FilesHandlerOptions
  readonly #turns = new BodyTurns()
  #uploads = 0

  constructor (options: FilesHandlerOptions) { this.#options = options }

  /**
   * Serves one incoming stream to its end: any number of parts, one file open at a time.
   *
   * @throws WireError
   */
  async serve (stream: Stream, peerId: string): Promise<void> {
    const io = new StreamIO(stream, { readAheadBytes: REQUEST_AHEAD_BYTES })
    const open = new OpenFile(this.#options.open)
    // Decided once: who comes when all places are taken must not take one from those who are being served.
    const isFull = this.#uploads >= MAXIMUM_FILE_UPLOADS
    if (!isFull) this.#uploads++
    try {
      for (;;) {
        const frame = await io.readFrame({ signal: this.#options.signal })
        if (frame === undefined) break
        const refusal = isFull ? BUSY : await this.#options.refusal(peerId)
        if (!await this.#inTurn(peerId, async () => this.#answer(io, decodeRequest(frame), open, refusal))) break
      }
      await io.end(this.#options.signal)
    } catch (error) {
      const fault = asWireError(error)
      io.abort(fault)
      throw fault
    } finally {
      if (!isFull) this.#uploads--
      await open.close()
    }
  }

  async #inTurn<Answer> (peerId: string, work: () => Promise<Answer>): Promise<Answer> {
    const release = await this.#turns.take(peerId, this.#options.signal)
    try {
      return await work()
    } finally {
      release()
    }
  }

  /** @returns whether the conversation goes on */
  async #answer (io: StreamIO, request: FileRequest, open: OpenFile, refusal: Rejection | undefined): Promise<boolean> {
    const wait = { signal: this.#options.signal }
    const sha256 = bytesToHex(request.file)
    const file = refusal === undefined ? await open.get(sha256) : undefined
    if (file === undefined || request.offset > file.bytes) {
      const answer = refusal ?? rejection('UNKNOWN', { detail: `the refusing peer has no such part of a file ${sha256.slice(0, 12)}… of its run` })
      await io.writeFrame(encodeAnswer({ rejection: answer }), wait)
      return false
    }
    const body = await file.read(request.offset, request.length)
    await io.writeFrame(encodeAnswer({ fileBytes: file.bytes, ...describeBody(body) }), wait)
    await writeBody(io, body, wait)
    return true
  }
}

/** The file that a conversation is about: asked for part after part, opened once. */
class OpenFile {
  readonly #open: FilesHandlerOptions['open']
  #current: { readonly sha256: string, readonly file: ServedFile } | undefined

  constructor (open: FilesHandlerOptions['open']) { this.#open = open }

  async get (sha256: string): Promise<ServedFile | undefined> {
    if (this.#current?.sha256 === sha256) return this.#current.file
    await this.close()
    const file = await this.#open(sha256)
    if (file !== undefined) this.#current = { sha256, file }
    return file
  }

  async close (): Promise<void> {
    const open = this.#current
    this.#current = undefined
    await open?.file.close()
  }
}
