import type { Exchange, ExchangeEvents, ExchangeMessage, Peers } from '../ports.ts'

export interface RoundExchangesOptions {
  readonly peers: Peers
  readonly onMessage: (exchange: string, partner: string, message: ExchangeMessage) => void
  readonly onClosed: (exchange: string, reason: string) => void
}

/** A peer's open exchanges, by the names that its rounds give them. */
export class RoundExchanges {
  readonly #options: RoundExchangesOptions
  readonly #open = new Map<string, Exchange>()
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

  close (id: string, reason: string): void {
    this.#open.get(id)?.close(reason)
    this.#open.delete(id)
  }

  #eventsOf (id: string, partner: string): ExchangeEvents {
    const { onMessage, onClosed } = this.#options
    return {
      message: message => { onMessage(id, partner, message) },
      closed: reason => {
        this.#open.delete(id)
        onClosed(id, reason)
      }
    }
  }
}
