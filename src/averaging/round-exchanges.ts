import type { Exchange, ExchangeEvents, ExchangeMessage, Peers } from '../ports.ts'

/** Of one exchange, waiting for their turn: in a whole round a member of the largest group says less. */
const MAXIMUM_WAITING_MESSAGES = 80

/** Exchanges whose partner is still known when they are over: those of a round of the largest group. */
const REMEMBERED_PARTNERS = 128

export interface RoundExchangesOptions {
  readonly peers: Peers
  readonly onMessage: (exchange: string, partner: string, message: ExchangeMessage) => void
  readonly onClosed: (exchange: string, reason: string) => void
}

/** A peer's open exchanges, by the names that its rounds give them. */
export class RoundExchanges {
  readonly #options: RoundExchangesOptions
  readonly #open = new Map<string, Exchange>()
  /** Messages that were told of and have not had their turn, by exchange, and who waits for that. */
  readonly #waiting = new Map<string, { count: number, readonly settled: Array<() => void> }>()
  readonly #partners = new Map<string, string>()
  #incoming = 0

  constructor (options: RoundExchangesOptions) {
    this.#options = options
  }

  /** Answers the exchanges that others open. */
  listen (): void {
    this.#options.peers.onExchange(exchange => {
      const id = `from-${++this.#incoming}`
      this.#open.set(id, exchange)
      return this.#eventsOf(id, exchange.partner)
    })
  }

  open (id: string, partner: string): void {
    this.#open.set(id, this.#options.peers.openExchange(partner, this.#eventsOf(id, partner)))
  }

  /** Nothing is sent over an exchange that is over. */
  send (id: string, message: ExchangeMessage | undefined): void {
    if (message !== undefined) this.#open.get(id)?.send(message)
  }

  /** Who is, or was until lately, at the other end: hanging up does not clear anybody of what it sent. */
  partnerOf (id: string): string | undefined {
    return this.#partners.get(id)
  }

  close (id: string, reason: string): void {
    this.#open.get(id)?.close(reason)
    this.#open.delete(id)
  }

  /** A message has had its turn. */
  heard (id: string): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined || --waiting.count > 0) return
    this.#waiting.delete(id)
    for (const resolve of waiting.settled) resolve()
  }

  #eventsOf (id: string, partner: string): ExchangeEvents {
    this.#partners.set(id, partner)
    const oldest = this.#partners.keys().next()
    if (this.#partners.size > REMEMBERED_PARTNERS && oldest.done !== true) this.#partners.delete(oldest.value)
    return {
      message: message => { this.#hear(id, partner, message) },
      settled: async () => this.#settled(id),
      closed: reason => {
        this.#open.delete(id)
        this.#options.onClosed(id, reason)
      }
    }
  }

  async #settled (id: string): Promise<void> {
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) await new Promise<void>(resolve => { waiting.settled.push(resolve) })
  }

  #hear (id: string, partner: string, message: ExchangeMessage): void {
    const waiting = this.#waiting.get(id) ?? { count: 0, settled: [] }
    if (waiting.count < MAXIMUM_WAITING_MESSAGES) {
      waiting.count++
      this.#waiting.set(id, waiting)
      this.#options.onMessage(id, partner, message)
    } else if (this.#open.has(id)) {
      const reason = `${MAXIMUM_WAITING_MESSAGES} messages of one exchange wait already`
      this.close(id, reason)
      this.#options.onClosed(id, reason)
    }
  }
}
