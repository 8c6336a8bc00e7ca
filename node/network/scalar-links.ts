import type { Stream } from '@libp2p/interface'
import { reasonOf } from '../../src/errors.ts'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'
import { hearScalars } from '../../protocols/scalars/handler.ts'
import { ScalarSender } from '../../protocols/scalars/sender.ts'
import { Paces } from '../../protocols/wire/allowance.ts'
import type { ByteMeter, Direction } from '../../protocols/wire/byte-meter.ts'
import { SCALAR_MESSAGE_RATE } from '../../protocols/wire/limits.ts'
import type { Rejection } from '../../protocols/wire/rejection.ts'
import { GOODBYE_LIMIT_MS, MAXIMUM_CONNECTIONS } from './constants.ts'
import { within } from './within.ts'

export interface ScalarLinksOptions {
  readonly open: (peerId: string, signal: AbortSignal) => Promise<Stream>
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  readonly meter: ByteMeter
  readonly warn: (sentence: string) => void
  /** Told of a stranger that was refused. */
  readonly reject: (peerId: string, why: Rejection) => void
  readonly signal: AbortSignal
}

/** Direct streams to the members of a run that is trained by scalars: one each way, opened with the first message. */
export class ScalarLinks {
  readonly #options: ScalarLinksOptions
  readonly #senders = new Map<string, ScalarSender>()
  readonly #paces = new Paces(SCALAR_MESSAGE_RATE, MAXIMUM_CONNECTIONS)
  #listener: (peerId: string, message: OneByteMessage) => void = () => undefined

  constructor (options: ScalarLinksOptions) { this.#options = options }

  /** Registers who hears what members say; the last registration wins. */
  onMessage (listener: (peerId: string, message: OneByteMessage) => void): void { this.#listener = listener }

  /** Queues a message for a member. What does not arrive is found by comparing ledgers. */
  send (peerId: string, message: OneByteMessage): void {
    const sender = this.#senders.get(peerId) ?? new ScalarSender({
      open: async signal => this.#options.open(peerId, signal),
      onSent: sent => { this.#count('sent', sent) },
      // a member that is gone is told of as one that left
      onLost: () => { this.#senders.delete(peerId) },
      signal: this.#options.signal
    })
    this.#senders.set(peerId, sender)
    sender.send(message)
  }

  /** The protocol's handler. @throws WireError */
  async serve (stream: Stream, peerId: string): Promise<void> {
    const { signal } = this.#options
    await hearScalars(stream, peerId, { refusal: async from => this.#refusal(from), signal, onMessage: (from, message) => { this.#hear(from, message) }, pace: from => this.#paces.take(from, performance.now()) })
  }

  /** Sends what waits, to those who take it within a moment. */
  async flush (): Promise<void> {
    await within(GOODBYE_LIMIT_MS, async signal => Promise.allSettled([...this.#senders.values()].map(async sender => sender.close(signal))))
  }

  async #refusal (from: string): Promise<Rejection | undefined> {
    const why = await this.#options.refusal(from)
    if (why !== undefined) this.#options.reject(from, why)
    return why
  }

  #hear (from: string, message: OneByteMessage): void {
    this.#count('received', message)
    try {
      this.#listener(from, message)
    } catch (error) {
      this.#options.warn(`what ${from} said could not be used here: ${reasonOf(error)}`)
    }
  }

  /** A byte a scalar and receiver is what the method asks to send. */
  #count (direction: Direction, message: OneByteMessage): void {
    const entries = message.kind === 'pack' ? [message.entry] : message.kind === 'entries' ? message.entries : []
    const bytes = entries.reduce((sum, { levels, pool }) => sum + levels.byteLength + (pool?.byteLength ?? 0), 0)
    if (bytes > 0) this.#options.meter.countPayload(direction, bytes)
  }
}
