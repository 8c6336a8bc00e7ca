import type { Stream } from '@libp2p/interface'
import type { Exchange, ExchangeEvents } from '../../src/ports.ts'
import { MAXIMUM_EXCHANGES_PER_PEER } from '../wire/limits.ts'
import { rejection, type Rejection } from '../wire/rejection.ts'
import { ExchangeSession, type SessionOptions } from './session.ts'

export interface ExchangeHandlerOptions extends Omit<SessionOptions, 'partner'> {
  /** Why this peer may not open an exchange now, or undefined when it may. */
  readonly refusal: (partner: string) => Promise<Rejection | undefined>
  /** Who answers; undefined when nobody does yet. */
  readonly acceptor: () => ((exchange: Exchange) => ExchangeEvents) | undefined
}

const IGNORE: ExchangeEvents = { message () {}, closed () {} }

/** Answers the exchanges that others open, a few at a time for each peer. */
export class ExchangeHandler {
  readonly #options: ExchangeHandlerOptions
  readonly #open = new Map<string, number>()

  constructor (options: ExchangeHandlerOptions) { this.#options = options }

  /** Serves one incoming stream to its end. Never rejects. */
  async serve (stream: Stream, partner: string): Promise<void> {
    // with nobody to take what comes the muxer would go on asking for more, until the handshake with this partner has ended
    if (stream.readStatus === 'readable') stream.pause()
    const session = new ExchangeSession({ ...this.#options, partner })
    const open = this.#open.get(partner) ?? 0
    this.#open.set(partner, open + 1)
    try {
      await session.run(() => Promise.resolve(stream), await this.#answerer(session, open))
    } finally {
      this.#release(partner)
    }
  }

  /** The events of whoever answers; a refusal is sent and the exchange closed at once. */
  async #answerer (session: ExchangeSession, open: number): Promise<ExchangeEvents> {
    const refusal = open >= MAXIMUM_EXCHANGES_PER_PEER
      ? rejection('TOO_MANY_REQUESTS', { what: 'exchanges at a time', limit: MAXIMUM_EXCHANGES_PER_PEER })
      : await this.#options.refusal(session.partner)
    const acceptor = this.#options.acceptor()
    if (refusal === undefined && acceptor !== undefined) return acceptor(session)
    const { code, sentence } = refusal ?? rejection('NOT_TRAINING', { what: 'it has not started yet' })
    session.send({ kind: 'reject', code, sentence })
    session.close(sentence)
    return IGNORE
  }

  #release (partner: string): void {
    const open = (this.#open.get(partner) ?? 1) - 1
    if (open > 0) this.#open.set(partner, open)
    else this.#open.delete(partner)
  }
}
