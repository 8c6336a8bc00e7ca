import { Uint8ArrayList } from 'uint8arraylist'
import * as varint from 'uint8-varint'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { asWireError, WireError } from './errors.ts'
import { readLengthPrefix } from './frames.ts'
import { IDLE_TIMEOUT_MS, MAXIMUM_HEADER_FRAME_BYTES, READ_AHEAD_BYTES } from './limits.ts'

export interface StreamIOOptions {
  /** Bytes waiting here above which the sender is held back. */
  readonly readAheadBytes?: number
  /** Frames longer than this are refused before they are stored. */
  readonly maximumFrameBytes?: number
  /** Longest time without a byte moving, unless a call says otherwise. */
  readonly idleMs?: number
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  readonly idleMs?: number
}

/**
 * Pull-style reading and writing over a libp2p 3 stream with back-pressure both ways: at most `readAheadBytes`
 * and one message wait here, at most one write waits in the stream; the muxer holds up to a receive window more.
 *
 * Every method that waits throws `WireError`, or the signal's reason once it is aborted.
 */
export class StreamIO {
  readonly #stream: Stream
  readonly #waiting = new Uint8ArrayList()
  readonly #readAheadBytes: number
  readonly #maximumFrameBytes: number
  readonly #idleMs: number
  #resuming = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor (stream: Stream, options: StreamIOOptions = {}) {
    this.#stream = stream
    this.#readAheadBytes = options.readAheadBytes ?? READ_AHEAD_BYTES
    this.#maximumFrameBytes = options.maximumFrameBytes ?? MAXIMUM_HEADER_FRAME_BYTES
    this.#idleMs = options.idleMs ?? IDLE_TIMEOUT_MS
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('end', () => this.#wake?.())
    stream.addEventListener('close', this.#onClose)
  }

  /** The next length-prefixed frame, or undefined when the partner ended between two frames. */
  async readFrame (options: WaitOptions = {}): Promise<Uint8Array | undefined> {
    if (this.#waiting.byteLength === 0 && !(await this.#fill(options))) return undefined
    const length = await this.#readLength(options)
    if (length > this.#maximumFrameBytes) throw new WireError('too-long', `a frame of ${length} bytes exceeds the ${this.#maximumFrameBytes} allowed`)
    while (this.#waiting.byteLength < length) await this.#demand(options)
    return this.#take(length).subarray()
  }

  /** Exactly `total` bytes, in pieces of whatever size arrive; more are asked for only as pieces are taken. */
  async * readBody (total: number, options: WaitOptions = {}): AsyncGenerator<Uint8Array> {
    let left = total
    while (left > 0) {
      if (this.#waiting.byteLength === 0) await this.#demand(options)
      const piece = this.#take(Math.min(left, this.#waiting.byteLength))
      left -= piece.byteLength
      yield * piece
    }
  }

  /** Hands bytes to the stream and waits until it takes more. The bytes must not change until then. */
  async write (bytes: Uint8Array | Uint8ArrayList, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.#throwIfBroken()
    try {
      if (this.#stream.send(bytes)) return
    } catch (error) {
      throw asWireError(error)
    }
    await this.#drained(options)
    this.#throwIfBroken()
  }

  async writeFrame (body: Uint8Array, options: WaitOptions = {}): Promise<void> {
    await this.write(new Uint8ArrayList(varint.encode(body.byteLength), body), options)
  }

  /** Half-close: nothing more will be written; reading goes on. */
  async end (signal?: AbortSignal): Promise<void> {
    try {
      await this.#stream.close(signal === undefined ? {} : { signal })
    } catch (error) {
      throw asWireError(error)
    }
  }

  /** Gives up: the partner sees a reset. Harmless on a stream that is over. */
  abort (error: Error): void { this.#stream.abort(error) }

  async #readLength (options: WaitOptions): Promise<number> {
    for (;;) {
      const prefix = readLengthPrefix(this.#waiting)
      if (prefix !== undefined) {
        this.#waiting.consume(prefix.prefixBytes)
        return prefix.length
      }
      await this.#demand(options)
    }
  }

  #take (bytes: number): Uint8ArrayList {
    const taken = this.#waiting.sublist(0, bytes)
    this.#waiting.consume(bytes)
    return taken
  }

  async #demand (options: WaitOptions): Promise<void> {
    // a wait inside a message is a stall, whatever the patience between messages
    const { signal } = options
    if (!(await this.#fill({ signal, idleMs: this.#idleMs }))) throw new WireError('truncated', 'the stream ended in the middle of a message')
  }

  /** Waits for at least one more byte; false when there will be none. */
  async #fill (options: WaitOptions): Promise<boolean> {
    options.signal?.throwIfAborted()
    const before = this.#waiting.byteLength
    this.#resume()
    while (this.#waiting.byteLength === before) {
      this.#throwIfBroken()
      if (this.#atEnd()) return false
      await this.#wait(options, wake => {
        this.#wake = wake
        return () => { this.#wake = undefined }
      })
    }
    return true
  }

  async #drained (options: WaitOptions): Promise<void> {
    // not stream.onDrain(): in @libp2p/utils 7.4 it resolves at once from the second call on
    await this.#wait(options, wake => {
      this.#stream.addEventListener('drain', wake)
      this.#stream.addEventListener('close', wake)
      return () => {
        this.#stream.removeEventListener('drain', wake)
        this.#stream.removeEventListener('close', wake)
      }
    })
  }

  async #wait (options: WaitOptions, subscribe: (wake: () => void) => () => void): Promise<void> {
    const { signal, idleMs = this.#idleMs } = options
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        unsubscribe()
        if (error === undefined) resolve()
        else reject(error)
      }
      const onAbort = (): void => { settle(signal?.reason instanceof Error ? signal.reason : new WireError('broken', 'aborted')) }
      const timer = setTimeout(() => { settle(new WireError('idle', `no byte moved for ${idleMs / 1000} s`)) }, idleMs)
      signal?.addEventListener('abort', onAbort)
      const unsubscribe = subscribe(() => { settle() })
    })
  }

  /** Asked anew each time: bytes that protocol negotiation pushed back arrive after the stream has told its end. */
  #atEnd (): boolean { return this.#stream.readableEnded && this.#stream.readBufferLength === 0 }

  #throwIfBroken (): void {
    if (this.#failure !== undefined) throw asWireError(this.#failure)
  }

  #resume (): void {
    if (this.#stream.readStatus !== 'paused' || this.#waiting.byteLength >= this.#readAheadBytes) return
    // resume() first hands over what it held, then re-opens the window: a pause() from inside would be undone
    this.#resuming = true
    try {
      this.#stream.resume()
    } catch (error) {
      this.#failure ??= asWireError(error)
    } finally {
      this.#resuming = false
    }
    this.#pauseIfFull()
  }

  #pauseIfFull (): void {
    if (this.#waiting.byteLength >= this.#readAheadBytes && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    this.#waiting.append(event.data)
    if (!this.#resuming) this.#pauseIfFull()
    this.#wake?.()
  }

  readonly #onClose = (event: StreamCloseEvent): void => {
    this.#failure ??= event.error
    this.#wake?.()
  }
}
