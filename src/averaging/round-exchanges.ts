import type { Exchange, ExchangeEvents, ExchangeMessage, Peers } from '../ports.ts'

/** Of one exchange, waiting for their turn: in a whole round a member of the largest group says less. */
const MAXIMUM_WAITING_MESSAGES = 80

/** Exchanges that are known, so that their partner still is when they are over: those of a round of the largest group. */
const REMEMBERED_TALKS = 128

export interface RoundExchangesOptions {
  readonly peers: Peers
  readonly onMessage: (exchange: string, partner: string, message: ExchangeMessage) => void
  readonly onClosed: (exchange: string, reason: string) => void
}

interface Talk {
  readonly id: string
  readonly partner: string
  /** Undefined once it is over. */
  exchange: Exchange | undefined
  /** Messages that were told of and have not had their turn. */
  waiting: number
  /** Who waits for that. */
  settled: Array<() => void>
}

/** A peer's exchanges, by the names that its rounds give them. */
export class RoundExchanges {
  readonly #options: RoundExchangesOptions
  /** Those that are open, and the latest. */
  readonly #talks = new Map<string, Talk>()
  #incoming = 0

  constructor (options: RoundExchangesOptions) {
    this.#options = options
  }

  /** Answers the exchanges that others open. */
  listen (): void {
    this.#options.peers.onExchange(exchange => {
      const talk = this.#begin(`from-${++this.#incoming}`, exchange.partner)
      talk.exchange = exchange
      return this.#eventsOf(talk)
    })
  }

  open (id: string, partner: string): void {
    const talk = this.#begin(id, partner)
    talk.exchange = this.#options.peers.openExchange(partner, this.#eventsOf(talk))
  }

  /** Nothing is sent over an exchange that is over. */
  send (id: string, message: ExchangeMessage | undefined): void {
    if (message !== undefined) this.#talks.get(id)?.exchange?.send(message)
  }

  /** Who is, or was until lately, at the other end: hanging up does not clear anybody of what it sent. */
  partnerOf (id: string): string | undefined {
    return this.#talks.get(id)?.partner
  }

  close (id: string, reason: string): void {
    const talk = this.#talks.get(id)
    talk?.exchange?.close(reason)
    if (talk !== undefined) talk.exchange = undefined
  }

  /** A message has had its turn. */
  heard (id: string): void {
    const talk = this.#talks.get(id)
    if (talk === undefined || talk.waiting === 0 || --talk.waiting > 0) return
    for (const resolve of talk.settled.splice(0)) resolve()
  }

  #begin (id: string, partner: string): Talk {
    const talk: Talk = { id, partner, exchange: undefined, waiting: 0, settled: [] }
    this.#talks.set(id, talk)
    // Each is looked at once: those in use stay, however many.
    for (let left = this.#talks.size; left > 0 && this.#talks.size > REMEMBERED_TALKS; left--) this.#forgetOldest()
    return talk
  }

  /** One that something still depends on counts as the latest instead. */
  #forgetOldest (): void {
    const oldest = this.#talks.values().next()
    if (oldest.done === true) return
    const talk = oldest.value
    this.#talks.delete(talk.id)
    if (talk.exchange !== undefined || talk.waiting > 0) this.#talks.set(talk.id, talk)
  }

  #eventsOf (talk: Talk): ExchangeEvents {
    return {
      message: message => { this.#hear(talk, message) },
      settled: async () => { if (talk.waiting > 0) await new Promise<void>(resolve => { talk.settled.push(resolve) }) },
      closed: reason => {
        talk.exchange = undefined
        this.#options.onClosed(talk.id, reason)
      }
    }
  }

  #hear (talk: Talk, message: ExchangeMessage): void {
    if (talk.waiting < MAXIMUM_WAITING_MESSAGES) {
      talk.waiting++
      this.#options.onMessage(talk.id, talk.partner, message)
    } else if (talk.exchange !== undefined) {
      const reason = `${MAXIMUM_WAITING_MESSAGES} messages of one exchange wait already`
      this.close(talk.id, reason)
      this.#options.onClosed(talk.id, reason)
    }
  }
}
