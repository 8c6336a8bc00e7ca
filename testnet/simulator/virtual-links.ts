import type { Exchange, ExchangeEvents, ExchangeMessage } from '../../src/ports.ts'
import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import type { MachineClock } from './virtual-clock.ts'
import { arrivalOf } from './virtual-lines.ts'
import type { VirtualLine } from './virtual-lines.ts'

/** What every link of a simulated network is like. Probabilities are in [0, 1]. */
export interface LinkConditions {
  readonly latencyMs: number
  /** Up to so much more, at random. */
  readonly jitterMs: number
  readonly uploadBytesPerSecond: number
  /** A message of an exchange vanishes without a trace. */
  readonly lostMessages: number
  /** A message of an exchange arrives twice. */
  readonly repeatedMessages: number
  /** An exchange breaks at one of its messages. */
  readonly brokenExchanges: number
  /** An announcement does not reach one of the others. */
  readonly lostAnnouncements: number
  /** How long until a dead link or peer is noticed. */
  readonly detectionMs: number
  /** How long until machines that have come within reach know each other; as long as that when left out. */
  readonly meetingMs?: number
}

export const perfectLinks: LinkConditions = {
  latencyMs: 20, jitterMs: 0, uploadBytesPerSecond: 1e9, lostMessages: 0, repeatedMessages: 0, brokenExchanges: 0, lostAnnouncements: 0, detectionMs: 500
}

/** Frame, encryption and stream header of a message. */
const OVERHEAD_BYTES = 64

/** One simulated machine, as its links see it. */
export interface Machine {
  readonly id: string
  readonly clock: MachineClock
  readonly line: VirtualLine
  /** Who answers exchanges, once somebody does. */
  accept: ((exchange: Exchange) => ExchangeEvents) | undefined
  /** Bytes that it has sent, headers included. */
  sentBytes: number
}

export interface LinkSurroundings {
  readonly random: Words
  /** As they are now. */
  conditions: LinkConditions
  /** Whether bytes can pass now. */
  readonly connected: (one: string, other: string) => boolean
  /** Whether every machine that ever was is up, and can reach every other. */
  readonly isWhole: () => boolean
  /** Whether no partition is between two machines. */
  readonly sameSide: (one: string, other: string) => boolean
  /** What lies between two machines beside their own lines. */
  readonly routeOf: (from: string, to: string) => LinkProfile | undefined
  /** Bytes that each byte of a payload stands for. */
  readonly payloadScale: number
  /** Told of everything that went wrong, for the event log. */
  readonly mishap: (sentence: string) => void
}

/** An exchange between two machines: two ends, each an ordered stream of messages to the other. */
export class VirtualExchange {
  readonly #around: LinkSurroundings
  readonly #opener: ExchangeEnd
  readonly #answerer: ExchangeEnd

  /** @param ended told once both ends are over */
  constructor (from: Machine, to: Machine, events: ExchangeEvents, around: LinkSurroundings, ended: () => void) {
    const endOver = (): void => { if (!this.#opener.open && !this.#answerer.open) ended() }
    this.#around = around
    this.#opener = new ExchangeEnd(from, to, around, endOver)
    this.#answerer = new ExchangeEnd(to, from, around, endOver)
    this.#opener.meet(this.#answerer)
    this.#answerer.meet(this.#opener)
    this.#opener.listen(events)
    this.#opener.deliver(OVERHEAD_BYTES, () => { this.#answer(to) })
    this.#awaitReset(from, to)
  }

  get openerEnd (): Exchange {
    return this.#opener
  }

  /** True where its two machines cannot reach each other any more. */
  get cut (): boolean {
    return !this.#around.connected(this.#opener.owner, this.#opener.partner)
  }

  /** Both sides notice that the connection is gone. */
  reset (reason: string): void {
    this.#opener.sever(0, reason)
    this.#answerer.sever(0, reason)
  }

  get isOpen (): boolean {
    return this.#opener.open || this.#answerer.open
  }

  isOf (machine: string): boolean {
    return this.#opener.owner === machine || this.#answerer.owner === machine
  }

  /** Connections of lines that reset them end at a random moment, whatever passes over them. */
  #awaitReset (from: Machine, to: Machine): void {
    const { random, routeOf, mishap } = this.#around
    const perMs = [from.line.profile, to.line.profile, routeOf(from.id, to.id)].reduce((sum, line) => sum + (line?.reset === undefined ? 0 : 1 / line.reset), 0)
    if (perMs === 0) return
    from.clock.schedule(-Math.log(1 - fraction(random)) / perMs, () => {
      if (!this.isOpen) return
      mishap(`${from.id} -> ${to.id} was reset`)
      this.reset('the connection was reset')
    })
  }

  #answer (machine: Machine): void {
    if (machine.accept === undefined) this.#answerer.close('nobody answers')
    else this.#answerer.listen(machine.accept(this.#answerer))
  }
}

class ExchangeEnd implements Exchange {
  readonly #from: Machine
  readonly #to: Machine
  readonly #around: LinkSurroundings
  readonly #over: () => void
  #other: ExchangeEnd | undefined
  #events: ExchangeEvents | undefined
  #lastArrivalMs = 0
  #open = true
  #severed = false

  constructor (from: Machine, to: Machine, around: LinkSurroundings, over: () => void) {
    this.#from = from
    this.#to = to
    this.#around = around
    this.#over = over
  }

  get owner (): string { return this.#from.id }
  get partner (): string { return this.#to.id }
  get open (): boolean { return this.#open }

  meet (other: ExchangeEnd): void { this.#other = other }
  listen (events: ExchangeEvents): void { this.#events = events }

  send (message: ExchangeMessage): void {
    if (!this.#open) return
    const { random, conditions, mishap } = this.#around
    if (fraction(random) < conditions.lostMessages) { mishap(`${this.owner} -> ${this.partner} lost ${message.kind}`); return }
    if (fraction(random) < conditions.brokenExchanges) {
      mishap(`${this.owner} -> ${this.partner} broke at ${message.kind}`)
      this.sever(conditions.detectionMs, 'the connection was reset')
      this.#other?.sever(conditions.detectionMs, 'the connection was reset')
      return
    }
    const bytes = OVERHEAD_BYTES + ('payload' in message ? this.#around.payloadScale * message.payload.length : 0)
    const copies = fraction(random) < conditions.repeatedMessages ? 2 : 1
    for (let copy = 0; copy < copies; copy++) this.deliver(bytes, () => { this.#other?.receive(message) })
  }

  close (reason: string): void {
    if (!this.#open) return
    this.#open = false
    this.deliver(OVERHEAD_BYTES, () => { this.#other?.hear(reason) })
    this.#over()
  }

  receive (message: ExchangeMessage): void {
    if (this.#open) this.#events?.message(message)
  }

  /** The exchange is over for this end. */
  hear (reason: string): void {
    if (!this.#open) return
    this.#open = false
    this.#events?.closed(reason)
    this.#over()
  }

  /** Nothing passes from here on, which this end notices after a while. */
  sever (detectionMs: number, reason: string): void {
    this.#severed = true
    this.#from.clock.schedule(detectionMs, () => { this.hear(reason) })
  }

  /** Calls back on the other machine once so many bytes have arrived there, after everything sent before; never while no bytes pass. */
  deliver (bytes: number, arrived: () => void): void {
    const { random, conditions: { latencyMs, jitterMs }, connected, routeOf } = this.#around
    const nowMs = this.#from.clock.worldMs()
    this.#from.sentBytes += bytes
    const crossedMs = arrivalOf({ from: this.#from.line, to: this.#to.line, route: routeOf(this.owner, this.partner), bytes, nowMs, random })
    const arrivalMs = crossedMs + latencyMs + jitterMs * fraction(random)
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs)
    this.#to.clock.schedule(this.#lastArrivalMs - nowMs, () => {
      if (!this.#severed && connected(this.owner, this.partner)) arrived()
    })
  }
}
