import type { Stream } from '@libp2p/interface'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'
import { asWireError, WireError } from '../wire/errors.ts'
import { MAXIMUM_QUEUED_SCALARS } from '../wire/limits.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { encodeScalars } from './messages.ts'

export interface ScalarSenderOptions {
  readonly open: (signal: AbortSignal) => Promise<Stream>
  /** Told of each message that the stream took. */
  readonly onSent: (message: OneByteMessage) => void
  /** Told why the messages that waited were lost; the next one tries again. */
  readonly onLost: (error: WireError) => void
  readonly signal: AbortSignal
}

/** What one peer says to another, in order, on a stream of its own that stays open. What is lost is found by reconciliation, not sent again. */
export class ScalarSender {
  readonly #options: ScalarSenderOptions
  readonly #queue: OneByteMessage[] = []
  #io: StreamIO | undefined
  #sending: Promise<void> | undefined

  constructor (options: ScalarSenderOptions) { this.#options = options }

  /** Queues a message; where too many wait it is dropped. */
  send (message: OneByteMessage): void {
    if (this.#options.signal.aborted || this.#queue.length >= MAXIMUM_QUEUED_SCALARS) return
    this.#queue.push(message)
    this.#sending ??= this.#sendAll().finally(() => { this.#sending = undefined })
  }

  /** Sends what waits, then ends the stream. */
  async close (signal: AbortSignal): Promise<void> {
    await this.#sending
    await this.#io?.end(signal).catch(() => undefined)
  }

  async #sendAll (): Promise<void> {
    try {
      for (let message = this.#queue[0]; message !== undefined; message = this.#queue[0]) {
        await this.#write(message)
        this.#queue.shift()
        this.#options.onSent(message)
      }
    } catch (error) {
      const fault = asWireError(error)
      this.#io?.abort(fault)
      this.#io = undefined
      this.#queue.length = 0
      if (!this.#options.signal.aborted) this.#options.onLost(fault)
    }
  }

  /** A stream that broke since the last message, as when the other side was started anew, is opened again. */
  async #write (message: OneByteMessage): Promise<void> {
    const { open, signal } = this.#options
    const bytes = encodeScalars(message)
    if (this.#io !== undefined && await this.#tryWrite(this.#io, bytes)) return
    this.#io = new StreamIO(await open(signal))
    await this.#io.writeFrame(bytes, { signal })
  }

  async #tryWrite (io: StreamIO, bytes: Uint8Array): Promise<boolean> {
    try {
      await io.writeFrame(bytes, { signal: this.#options.signal })
      return true
    } catch {
      this.#options.signal.throwIfAborted()
      return false
    }
  }
}
