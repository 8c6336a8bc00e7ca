import type { Clock, ScalarSteps } from '../../ports.ts'
import type { Entry, Sign } from '../ledger-entry.ts'
import { LaneAuthor } from './lane-author.ts'
import type { LaneRules } from './lane-rules.ts'

/** What a scalar peer sees of the first-order ones. */
export type LaneNews =
  /** The newest round of which somebody who trains gives the weights. */
  | { readonly kind: 'training', readonly round: number }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'over' }

export interface LanePeerPorts {
  readonly clock: Clock
  /** This peer's Ed25519 public key in hex. */
  readonly peer: string
  readonly sign: Sign
  /** Losses of this peer's own batch of a step at φ ± ε·z. */
  readonly measure: ScalarSteps['measure']
  readonly news: () => LaneNews
  /** Brings φ to where `measure` reads it; calls back with its round, or with why there is none. */
  readonly fetch: (fromRound: number, done: (fetched: number | { readonly reason: string }) => void) => void
  /** To everybody who trains. */
  readonly send: (entry: Entry) => void
  readonly report: (event: LanePeerReport) => void
}

export type LanePeerReport =
  /** φ of a round is here. */
  | { readonly kind: 'follows', readonly round: number }
  | { readonly kind: 'measured', readonly loss: number, readonly tokens: number }
  | { readonly kind: 'sent', readonly entry: Entry }
  | { readonly kind: 'waits', readonly sentence: string }
  | { readonly kind: 'ended', readonly how: 'over' | 'stopped' | 'failed', readonly reason: string }

/** Nobody may answer for a moment after a round: then φ is asked for again. */
const ASK_AGAIN_MS = 1000

/**
 * A peer that only runs forward passes, beside first-order ones: it takes over φ after each of their rounds, measures along directions of its own, and tells signed bytes.
 * Nothing is waited for: bytes that come after φ has moved are dropped by those who train.
 */
export class LanePeer {
  readonly #rules: LaneRules
  readonly #ports: LanePeerPorts
  readonly #author: LaneAuthor
  #round: number | undefined
  #steps = 0
  #work: 'none' | 'fetching' | 'measuring' = 'none'
  #cancelRetry: () => void = () => undefined
  #end: 'over' | 'stopped' | undefined
  #isOver = false
  #said = ''

  constructor (rules: LaneRules, ports: LanePeerPorts) {
    this.#rules = rules
    this.#ports = ports
    this.#author = new LaneAuthor(rules, ports.peer, ports.sign)
  }

  /** The round whose weights it measures at, undefined before the first. */
  get round (): number | undefined { return this.#round }

  /** Directions measured so far. */
  get steps (): number { return this.#steps }

  /** Something may have changed: who is there, and how far. Also begins. */
  look (): void {
    if (this.#isOver || this.#work !== 'none') return
    if (this.#end !== undefined) {
      this.#finish(this.#end)
      return
    }
    const news = this.#ports.news()
    if (news.kind === 'over') this.#finish('over')
    else if (news.kind === 'nobody') this.#wait('nobody trains yet, so that there are no weights to measure at')
    else if (this.#round === undefined || news.round > this.#round) this.#fetch(news.round)
    else this.#measure()
  }

  /** Ends after what is under way. */
  stop (): void {
    this.#end ??= 'stopped'
    this.look()
  }

  #fetch (fromRound: number): void {
    this.#cancelRetry()
    this.#work = 'fetching'
    this.#ports.fetch(fromRound, fetched => {
      this.#work = 'none'
      if (typeof fetched !== 'number') this.#retry(fetched.reason)
      else if (this.#round !== undefined && fetched <= this.#round) this.#retry(`the weights of round ${fromRound} are not to be had yet`)
      else this.#follow(fetched)
    })
  }

  #follow (round: number): void {
    this.#round = round
    this.#author.begin(round)
    this.#ports.report({ kind: 'follows', round })
    this.look()
  }

  #retry (reason: string): void {
    this.#wait(reason)
    this.#cancelRetry = this.#ports.clock.schedule(ASK_AGAIN_MS, () => { this.look() })
    if (this.#end !== undefined) this.look()
  }

  #measure (): void {
    const next = this.#author.next()
    if (next === undefined) {
      this.#wait(`told ${this.#rules.scalars} bytes about the weights of round ${this.#round ?? 0}, as many as count; waiting for the next ones`)
      return
    }
    this.#work = 'measuring'
    const { epsilon } = this.#rules
    this.#ports.measure({ step: this.#steps, epsilon, directions: [{ seed: next.seed }] }, outcome => {
      this.#work = 'none'
      if (outcome.kind === 'failed') this.#finish('failed', outcome.reason)
      else if (outcome.kind === 'stopped') this.#finish('stopped')
      else this.#measured(outcome.losses[0], outcome.tokens)
    })
  }

  #measured (losses: { readonly above: number, readonly below: number } | undefined, tokens: number): void {
    const { above, below } = losses ?? { above: Number.NaN, below: Number.NaN }
    this.#steps++
    this.#said = ''
    this.#ports.report({ kind: 'measured', loss: (above + below) / 2, tokens })
    const entry = this.#author.add((above - below) / (2 * this.#rules.epsilon))
    if (entry !== undefined) {
      this.#ports.send(entry)
      this.#ports.report({ kind: 'sent', entry })
    }
    this.look()
  }

  #wait (sentence: string): void {
    if (sentence !== this.#said) this.#ports.report({ kind: 'waits', sentence })
    this.#said = sentence
  }

  #finish (how: 'over' | 'stopped' | 'failed', reason = how === 'over' ? 'everybody who trained has finished' : 'stopped'): void {
    this.#cancelRetry()
    this.#isOver = true
    this.#ports.report({ kind: 'ended', how, reason })
  }
}
