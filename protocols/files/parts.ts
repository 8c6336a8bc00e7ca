import { hexToBytes } from '@noble/hashes/utils.js'
import type { Stream } from '@libp2p/interface'
import type { PartStream } from '../../src/transfer/transfer-ports.ts'
import { readBody } from '../wire/body.ts'
import { asWireError, WireError } from '../wire/errors.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { decodeAnswer, encodeRequest } from './messages.ts'

interface Awaited {
  readonly fileBytes: number
  readonly length: number
  readonly resolve: (part: Uint8Array) => void
  readonly reject: (error: Error) => void
}

/**
 * Parts of files on one stream, as many on their way as are asked for; answers come in the order of the questions. Each part is checked against its own hash;
 * that it is the file's is for the caller to check. When anything fails, everything that is awaited rejects with a `WireError`.
 */
export class FileParts implements PartStream {
  readonly #stream: StreamIO
  readonly #signal: AbortSignal | undefined
  readonly #awaited: Awaited[] = []
  #writing: Promise<void> = Promise.resolve()
  #isReading = false
  #failure: WireError | undefined

  constructor (stream: Stream, signal?: AbortSignal) {
    this.#stream = new StreamIO(stream)
    this.#signal = signal
  }

  async ask (file: string, fileBytes: number, offset: number, length: number): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure
    const part = new Promise<Uint8Array>((resolve, reject) => { this.#awaited.push({ fileBytes, length, resolve, reject }) })
    const request = encodeRequest({ file: hexToBytes(file), offset, length })
    this.#writing = this.#writing.then(async () => this.#stream.writeFrame(request, { signal: this.#signal })).catch((error: unknown) => { this.#fail(asWireError(error)) })
    if (!this.#isReading) void this.#read()
    return part
  }

  close (): void { this.#fail(new WireError('broken', 'this side has closed the stream')) }

  async #read (): Promise<void> {
    this.#isReading = true
    try {
      for (let next = this.#awaited[0]; next !== undefined; next = this.#awaited[0]) {
        const part = await this.#readPart(next)
        this.#awaited.shift()
        next.resolve(part)
      }
    } catch (error) {
      this.#fail(asWireError(error))
    }
    this.#isReading = false
  }

  async #readPart ({ fileBytes, length }: Awaited): Promise<Uint8Array> {
    const wait = { signal: this.#signal }
    const frame = await this.#stream.readFrame(wait)
    if (frame === undefined) throw new WireError('truncated', 'the peer ended without an answer')
    const answer = decodeAnswer(frame)
    if ('rejection' in answer) throw new WireError('refused', answer.rejection.sentence, answer.rejection)
    if (answer.fileBytes !== fileBytes || answer.byteLength !== length) throw new WireError('malformed', `a part has ${answer.byteLength} of ${answer.fileBytes} bytes, ${length} of ${fileBytes} were asked for`)
    return readBody(this.#stream, answer, length, wait)
  }

  #fail (error: WireError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#stream.abort(error)
    for (const { reject } of this.#awaited.splice(0)) reject(error)
  }
}
