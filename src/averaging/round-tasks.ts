import type { ContributionFault, RoundRecord } from '../ports.ts'
import type { RoundBook } from './round-book.ts'
import type { RoundExchanges } from './round-exchanges.ts'
import type { RoundDecision, RoundEffect, RoundEvent, WidenMessage, WideningMessage } from './round-state.ts'
import type { PlacedMean, RoundAnswers, RoundTaskKind, RoundWorker, Standing, TaskOf } from './round-worker.ts'
import type { Turns } from './turns.ts'

type EffectOf<Kind extends RoundEffect['kind']> = Extract<RoundEffect, { kind: Kind }>

/** What a round's worker does. */
export type WorkEffect = EffectOf<'take' | 'replan' | 'contribute' | 'verify' | 'ask-wider' | 'answer' | 'widen' | 'accept' | 'keep' | 'reduce' | 'forward' | 'give' | 'commit'>

export interface RoundTasksOptions {
  readonly worker: RoundWorker
  readonly book: RoundBook
  readonly exchanges: RoundExchanges
  readonly turns: Turns<RoundEvent, RoundEffect>
  /** What this peer's uplink carries. */
  readonly uploadBytesPerSecond: () => number | undefined
  /** A partner contributed what no weight may see. */
  readonly blame: (partner: string, fault: ContributionFault, why: string) => void
  readonly landed: (record: RoundRecord, inDoubt: boolean) => void
}

/** How the machine hears that what came over an exchange can be used, or that more must be asked for. */
type CheckedEvent =
  | { readonly kind: 'verified' | 'incomplete' | 'kept' }
  | { readonly kind: 'accepted', readonly part: number, readonly members: readonly string[] }

/** Asks the worker for what the round machine decides, counts it, and turns the answers into messages and events. */
export class RoundTasks {
  /** Of the method's ladder: how the round that is due, or under way, is written. */
  rung = 0
  readonly #options: RoundTasksOptions
  readonly #book: RoundBook
  readonly #exchanges: RoundExchanges
  readonly #turns: Turns<RoundEvent, RoundEffect>

  constructor (options: RoundTasksOptions) {
    this.#options = options
    this.#book = options.book
    this.#exchanges = options.exchanges
    this.#turns = options.turns
  }

  perform (effect: WorkEffect): void {
    switch (effect.kind) {
      case 'take': this.#take(effect); break
      case 'replan': this.ask(effect, () => undefined); break
      case 'contribute': this.#contribute(effect); break
      case 'verify': this.#verify(effect); break
      case 'ask-wider': this.#askWider(effect); break
      case 'answer': this.#answer(effect); break
      case 'widen': this.#widen(effect); break
      case 'accept': this.#accept(effect); break
      case 'keep': this.#keep(effect); break
      case 'reduce': this.ask({ kind: 'reduce', part: effect.part }, mean => { this.#sendMean(effect.exchanges, effect, mean) }); break
      case 'forward': this.ask({ kind: 'forward', part: effect.part }, mean => { this.#sendMean([effect.exchange], effect, mean) }); break
      case 'give': this.#give(effect); break
      case 'commit': this.#commit(effect.decision)
    }
  }

  /** Everything else waits for the answer. Work that cannot be done, and is not of others' making, ends this peer; so does the loss of who does it. */
  ask<Kind extends RoundTaskKind> (task: TaskOf<Kind>, done: (answer: RoundAnswers[Kind]) => void, refused?: (reason: string, fault: ContributionFault | undefined) => void): void {
    const goOn = this.#turns.pause()
    this.#options.worker.ask<Kind>(task, result => {
      goOn(() => {
        if (result.kind === 'done') done(result.answer)
        else if (result.kind === 'refused' && refused !== undefined) refused(result.reason, result.fault)
        else throw new Error(result.reason)
      })
    })
  }

  #take ({ round, fragment, members }: EffectOf<'take'>): void {
    this.ask({ kind: 'take', plan: { round, fragment, members, tokens: this.#book.tokensOf(fragment), rung: this.rung } }, basis => {
      this.#turns.answer(nowMs => ({ kind: 'taken', nowMs, round, basis, uploadBytesPerSecond: this.#options.uploadBytesPerSecond() }))
    })
  }

  #contribute ({ exchange, part, plan }: EffectOf<'contribute'>): void {
    this.ask({ kind: 'contribute', part }, contribution => {
      this.#book.sent(contribution.payload)
      this.#exchanges.send(exchange, { kind: 'contribution', ...contribution, ...plan === undefined ? {} : { plan, part } })
    })
  }

  #sendMean (exchanges: readonly string[], { part, plan }: Pick<EffectOf<'forward'>, 'part' | 'plan'>, mean: PlacedMean | undefined): void {
    if (mean === undefined) return
    for (const exchange of exchanges) {
      this.#book.sent(mean.payload)
      this.#exchanges.send(exchange, { kind: 'mean', plan, part, ...mean })
    }
  }

  #verify ({ exchange, partner, contribution }: EffectOf<'verify'>): void {
    const { part = 0, tokens, rung, payload } = contribution
    this.#book.received(payload)
    this.#check({ kind: 'verify', part, member: partner, contribution: { tokens, rung, payload } }, exchange, eventOf)
  }

  #askWider ({ exchange, partner, round, attempt }: EffectOf<'ask-wider'>): void {
    this.ask({ kind: 'ask-wider', member: partner }, question => {
      if (question !== undefined) this.#sendAbout(exchange, { kind: 'widen', round, attempt, payload: question })
    })
  }

  #answer ({ exchange, question: { round, attempt, payload } }: EffectOf<'answer'>): void {
    this.#book.received(payload)
    this.#check({ kind: 'answer', question: payload }, exchange, answer => {
      this.#sendAbout(exchange, { kind: 'widening', round, attempt, payload: answer })
      return undefined
    })
  }

  #sendAbout (exchange: string, message: WidenMessage | WideningMessage): void {
    this.#book.sent(message.payload)
    this.#exchanges.send(exchange, message)
  }

  #widen ({ exchange, partner, widening: { payload } }: EffectOf<'widen'>): void {
    this.#book.received(payload)
    this.#check({ kind: 'widen', member: partner, answer: payload }, exchange, eventOf)
  }

  #accept ({ exchange, mean: { part, payload }, members }: EffectOf<'accept'>): void {
    this.#book.received(payload)
    this.#check({ kind: 'accept', part, mean: { payload, members } }, exchange, counts => counts ? { kind: 'accepted', part, members } : undefined)
  }

  #keep ({ exchange, reference: { fragment, basis, payload } }: EffectOf<'keep'>): void {
    this.#book.received(payload)
    this.#check({ kind: 'keep', fragment, basis, payload }, exchange, () => ({ kind: 'kept' }))
  }

  /** What a member sent is looked at; the machine hears whether it can be used. What counts for nothing is not told of. */
  #check<Kind extends 'verify' | 'answer' | 'widen' | 'accept' | 'keep'> (task: TaskOf<Kind>, exchange: string, eventOf: (answer: RoundAnswers[Kind]) => CheckedEvent | undefined): void {
    this.ask<Kind>(task, answer => {
      const event = eventOf(answer)
      if (event !== undefined) this.#turns.answer(nowMs => ({ ...event, nowMs, exchange }))
    }, (why, fault) => {
      const partner = this.#exchanges.partnerOf(exchange)
      if (fault !== undefined && partner !== undefined) this.#options.blame(partner, fault, why)
      this.#turns.answer(nowMs => ({ kind: 'refused', nowMs, exchange, why }))
    })
  }

  /** Sends what this peer shares of a fragment, once it is that after the round just landed: the trainer may still be taking the step. */
  #give ({ exchange, round, fragment }: EffectOf<'give'>): void {
    this.#book.whenStepped(() => {
      this.#turns.between(() => {
        this.ask({ kind: 'give', fragment }, reference => {
          this.#book.sent(reference.payload)
          this.#exchanges.send(exchange, { kind: 'reference', round, fragment, ...reference })
          this.#exchanges.close(exchange, 'what is shared is given')
        })
      })
    })
  }

  #commit (decision: RoundDecision): void {
    this.ask({ kind: 'commit', decision, tokens: this.#book.tokensOf(decision.fragment) }, landing => {
      const record = this.#book.landed(decision, landing)
      this.#options.landed(record, decision.inDoubt)
    })
  }
}

function eventOf (standing: Standing): CheckedEvent | undefined {
  return standing === 'unwanted' ? undefined : { kind: standing }
}
