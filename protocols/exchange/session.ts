import type { Stream } from '@libp2p/interface'
import type { Exchange, ExchangeEvents, ExchangeMessage } from '../../src/ports.ts'
import type { Direction } from '../wire/byte-meter.ts'
import { describeLargeBody, readBody, writeBody } from '../wire/body.ts'
import { Allowances } from '../wire/allowance.ts'
import { unlessAborted, type BodyTurns } from '../wire/body-turns.ts'
import { asWireError, WireError } from '../wire/errors.ts'
import { CLOSE_LINGER_MS, EXCHANGE_MESSAGE_RATE, MAXIMUM_QUEUED_MESSAGES, MAXIMUM_SENTENCE_LENGTH, SILENCE_TIMEOUT_MS } from '../wire/limits.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { decodeFrame, encodeFrame, type BulkHeader, type BulkMessage, type ExchangeFrame } from './messages.ts'

export interface SessionOptions {
  readonly partner: string
  /** Contributions, and questions and answers about them, longer than this are refused before they are stored. */
  readonly maximumPayloadBytes: number
  /** The same for means and references, whose values may be whole; `maximumPayloadBytes` unless given. */
  readonly maximumReferenceBytes?: number | undefined
  /** Whose turn it is to have a body here, shared by all sessions; every session by itself when left out. */
  readonly turns?: BodyTurns | undefined
  /** Told once for each payload that travelled whole, and how long the stream took to take it. */
  readonly onPayload?: (direction: Direction, bytes: number, elapsedMs: number) => void
  /** Told when the partner's bytes made no sense. */
  readonly onMisbehaviour?: (error: WireError, partner: string) => void
  /** Told of an error thrown by this peer's own listener, which ends the exchange. */
  readonly onFault?: (error: unknown) => void
  readonly signal?: AbortSignal | undefined
}

/** One exchange over one stream: a queue of outgoing messages, a loop over incoming ones, one end. */
export class ExchangeSession implements Exchange {
  readonly partner: string
  readonly #options: SessionOptions
  readonly #queue: ExchangeMessage[] = []
  readonly #allowance = new Allowances(EXCHANGE_MESSAGE_RATE, 1)
  readonly #over = new AbortController()
  #closing: string | undefined
  #wake: (() => void) | undefined
  #linger: ReturnType<typeof setTimeout> | undefined

  constructor (options: SessionOptions) {
    this.partner = options.partner
    this.#options = options
  }

  send (message: ExchangeMessage): void {
    if (this.#closing !== undefined || this.#over.signal.aborted) return
    if (this.#queue.length >= MAXIMUM_QUEUED_MESSAGES) {
      this.#over.abort(new WireError('idle', `${MAXIMUM_QUEUED_MESSAGES} messages wait and the partner takes none`))
      return
    }
    this.#queue.push(message)
    this.#wake?.()
  }

  close (reason: string): void {
    if (this.#closing !== undefined || this.#over.signal.aborted) return
    this.#closing = reason
    this.#startLinger(reason)
    this.#wake?.()
  }

  /** Runs the exchange over the stream that `open` returns until it is over. Never rejects. */
  async run (open: (signal: AbortSignal) => Promise<Stream>, events: ExchangeEvents): Promise<void> {
    const unfollow = follow(this.#options.signal, this.#over)
    let reason: string
    try {
      reason = await this.#talk(await open(this.#over.signal), events)
    } catch (error) {
      reason = this.#explain(error)
    } finally {
      this.#over.abort(new WireError('broken', 'the exchange is over'))
      clearTimeout(this.#linger)
      unfollow()
      this.#queue.length = 0
    }
    if (this.#closing === undefined) this.#tell(() => { events.closed(reason) })
  }

  async #talk (stream: Stream, events: ExchangeEvents): Promise<string> {
    const io = new StreamIO(stream)
    const writing = this.#writeAll(io)
    const reading = this.#readAll(io, events)
    try {
      const reason = await Promise.race([reading, writing.then(async () => reading)])
      // the partner is done: a contribution half written is of no use to it, an idle stream ends politely
      if (this.#queue.length > 0) throw new WireError('refused', reason)
      this.#startLinger(reason)
      await io.end(this.#over.signal)
      return reason
    } catch (error) {
      io.abort(asWireError(error))
      throw error
    } finally {
      this.#over.abort(new WireError('broken', 'the exchange is over'))
      await Promise.allSettled([reading, writing])
    }
  }

  /** Reads until the partner ends; returns why it did. */
  async #readAll (io: StreamIO, events: ExchangeEvents): Promise<string> {
    const { signal } = this.#over
    for (;;) {
      const bytes = await io.readFrame({ signal, idleMs: SILENCE_TIMEOUT_MS })
      if (bytes === undefined) return 'the partner ended the exchange'
      const frame = decodeFrame(bytes)
      if (frame.kind === 'close') return frame.reason
      if (!this.#allowance.take(this.partner, performance.now())) throw new WireError('flood', `more than ${EXCHANGE_MESSAGE_RATE.perSecond} messages a second came over one exchange`)
      if ('byteLength' in frame) await this.#receive(io, frame, events)
      else if (this.#closing === undefined) this.#tell(() => { events.message(frame) })
    }
  }

  /** One body of a partner at a time, over all its exchanges: the next is read when this one has had its turn. */
  async #receive (io: StreamIO, header: BulkHeader, events: ExchangeEvents): Promise<void> {
    const { signal } = this.#over
    const release = await this.#options.turns?.take(this.partner, signal)
    try {
      const message = await this.#readBulk(io, header)
      if (this.#closing === undefined) this.#tell(() => { events.message(message) })
      await unlessAborted(events.settled?.(), signal)
    } finally {
      release?.()
    }
  }

  async #readBulk (io: StreamIO, { byteLength, sha256, ...message }: BulkHeader): Promise<BulkMessage> {
    const { maximumPayloadBytes, maximumReferenceBytes = maximumPayloadBytes, onPayload } = this.#options
    const limit = message.kind === 'mean' || message.kind === 'reference' ? maximumReferenceBytes : maximumPayloadBytes
    const sinceMs = performance.now()
    const payload = await readBody(io, { byteLength, sha256 }, limit, { signal: this.#over.signal })
    onPayload?.('received', payload.byteLength, performance.now() - sinceMs)
    return { ...message, payload }
  }

  /** Writes the queue's messages as they come, until this side closes. */
  async #writeAll (io: StreamIO): Promise<void> {
    const { signal } = this.#over
    for (;;) {
      const message = this.#queue[0]
      if (message === undefined) {
        if (this.#closing !== undefined) break
        await this.#messageOrClose(signal)
        continue
      }
      await this.#write(io, message)
      this.#queue.shift()
    }
    await io.writeFrame(encodeFrame({ kind: 'close', reason: this.#closing.slice(0, MAXIMUM_SENTENCE_LENGTH) }), { signal })
    await io.end(signal)
  }

  async #write (io: StreamIO, message: ExchangeMessage): Promise<void> {
    const wait = { signal: this.#over.signal }
    if (!('payload' in message)) {
      await io.writeFrame(encodeFrame(message as ExchangeFrame), wait)
      return
    }
    const { payload, ...header } = message
    const sinceMs = performance.now()
    await io.writeFrame(encodeFrame({ ...header, ...await describeLargeBody(payload) } as ExchangeFrame), wait)
    await writeBody(io, payload, wait)
    this.#options.onPayload?.('sent', payload.byteLength, performance.now() - sinceMs)
  }

  async #messageOrClose (signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => { reject(asWireError(signal.reason)) }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#wake = () => {
        signal.removeEventListener('abort', onAbort)
        this.#wake = undefined
        resolve()
      }
    })
  }

  /** From here on the stream has a while to flush, then it is reset. */
  #startLinger (reason: string): void {
    this.#linger ??= setTimeout(() => { this.#over.abort(new WireError('idle', reason)) }, CLOSE_LINGER_MS)
  }

  #explain (error: unknown): string {
    const fault = asWireError(error)
    if (fault.fault === 'malformed' || fault.fault === 'too-long' || fault.fault === 'flood') this.#options.onMisbehaviour?.(fault, this.partner)
    return fault.message
  }

  #tell (callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#options.onFault?.(error)
      this.close('this peer failed')
    }
  }
}

/** Aborts `controller` when `signal` is aborted; returns the function that stops following. */
function follow (signal: AbortSignal | undefined, controller: AbortController): () => void {
  const onAbort = (): void => { controller.abort(signal?.reason) }
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  return () => { signal?.removeEventListener('abort', onAbort) }
}
