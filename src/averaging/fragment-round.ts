import { ageWeight } from './arithmetic/age-weight.ts'
import { FragmentExchange } from './arithmetic/fragment-exchange.ts'
import type { LandedPart } from './arithmetic/landed-part.ts'
import { refuseDivergence } from './arithmetic/refusal.ts'
import type { FragmentChange, RoundArithmetic, RoundContext } from './arithmetic/round-arithmetic.ts'
import type { Repeats } from '../trust/repeats.ts'
import type { FragmentOutcome, FragmentRound, PartContribution, PartMean, RoundPlan } from './frame.ts'

export interface OpenRound {
  readonly self: string
  readonly seed: number
  readonly plan: RoundPlan
  /** Of the fragment. */
  readonly length: number
  readonly context: RoundContext
  readonly arithmetic: RoundArithmetic
  /** What was sent and received in rounds before. */
  readonly repeats: Repeats | undefined
  /** θ of the fragment now. */
  readonly now: () => Float32Array
  /** Takes the results over, all of them; `hasMet` where others counted in them. */
  readonly apply: (change: FragmentChange, hasMet: boolean) => void
  /** Told once, when the round is over either way. */
  readonly closed: () => void
}

/** One fragment's round: the exchange of its parts, and the method's arithmetic when it ends. */
export class OpenFragmentRound implements FragmentRound {
  readonly #options: OpenRound
  #plan: RoundPlan
  #exchange: FragmentExchange
  #isOpen = true

  /** @throws RangeError for a plan that does not fit the fragment */
  constructor (options: OpenRound) {
    this.#options = options
    this.#plan = options.plan
    this.#exchange = this.#exchangeFor(options.plan)
  }

  get plan (): RoundPlan {
    return this.#plan
  }

  replan (plan: RoundPlan): void {
    if (this.#exchange.hasBegun || !this.#isOpen) throw new RangeError('contributions are under way')
    if (plan.round !== this.#plan.round || plan.fragment !== this.#plan.fragment) throw new RangeError('the plan is for another round')
    this.#exchange = this.#exchangeFor(plan)
    this.#plan = plan
  }

  contribution (part: number): PartContribution {
    return this.#exchange.contribution(part)
  }

  receive (part: number, member: string, contribution: PartContribution): boolean {
    return this.#isOpen && this.#exchange.receive(part, member, contribution)
  }

  wanting (part: number, member: string): Uint8Array | undefined {
    return this.#exchange.wanting(part, member)
  }

  widening (part: number, request: Uint8Array): Uint8Array {
    return this.#exchange.widening(part, request)
  }

  widen (part: number, member: string, payload: Uint8Array): boolean {
    return this.#isOpen && this.#exchange.widen(part, member, payload)
  }

  reduced (part: number): PartMean {
    return this.#exchange.reduced(part)
  }

  accept (part: number, mean: PartMean): boolean {
    return this.#isOpen && this.#exchange.accept(part, mean)
  }

  commit (ageSteps: number): FragmentOutcome {
    if (!this.#isOpen) throw new RangeError('the round is over')
    const { arithmetic, context, now, apply } = this.#options
    const parts = this.plan.parts.map((_, part) => this.#exchange.landed(part))
    const outcome = this.#outcomeOf(parts)
    if (outcome.landed > 0 && (context.method.robust ?? 'mean') !== 'mean') for (const { watch, way } of arithmetic.channels) watch?.met(way?.() ?? 0)
    // Landing writes over the round's own vectors: there is no second time, even where it fails.
    this.#close()
    const change = arithmetic.land({ parts, context, now: now(), weight: this.#weightAt(ageSteps), isAlone: this.#plan.members.length === 1 })
    for (const name of ['slow', 'fast', 'gradient', 'momentum'] as const) {
      if (change[name] !== undefined) refuseDivergence(change[name], name)
    }
    apply(change, outcome.landed > 0)
    return outcome
  }

  abandon (): void {
    if (this.#isOpen) this.#close()
  }

  #exchangeFor (plan: RoundPlan): FragmentExchange {
    const { self, seed, arithmetic, length, repeats, context: { method } } = this.#options
    refuseMisfit(plan, self, length)
    const reference = arithmetic.reference === undefined ? {} : { reference: arithmetic.reference }
    return new FragmentExchange({ self, seed, plan, channels: arithmetic.channels, repeats, robust: method.robust, ...reference })
  }

  #close (): void {
    this.#isOpen = false
    this.#options.closed()
  }

  /** Only corrections of weights may count less: a mean of deltas is the same for all, or the group's slow weights part. */
  #weightAt (ageSteps: number): number {
    const { overlapSteps, everySteps, fragments, late } = this.#options.context.method
    return late === 'age' ? ageWeight(ageSteps, overlapSteps, everySteps / fragments) : 1
  }

  #outcomeOf (parts: ReadonlyArray<LandedPart | undefined>): FragmentOutcome {
    const { self, arithmetic } = this.#options
    const withOthers = parts.filter(landed => landed !== undefined).filter(({ members }) => members.some(member => member !== self))
    const isAlone = this.plan.members.length === 1
    return {
      spread: spreadOf(withOthers),
      members: this.plan.members.filter(member => member !== self && withOthers.length > 0 && withOthers.every(({ members }) => members.includes(member))),
      landed: withOthers.length,
      lostReference: arithmetic.reference !== undefined && !isAlone && parts.includes(undefined),
      strangers: this.#exchange.strangers,
      encoding: this.#exchange.encoding()
    }
  }
}

/** Root mean square of others' mean less own, over all values that landed; NaN without any. */
function spreadOf (parts: readonly LandedPart[]): number {
  let squares = 0
  let count = 0
  for (const landed of parts) {
    squares += (landed.othersOverCorrection * landed.correctionNorm()) ** 2
    count += landed.part.end - landed.part.start
  }
  return count === 0 ? NaN : Math.sqrt(squares / count)
}

function refuseMisfit ({ members, parts }: RoundPlan, self: string, length: number): void {
  if (!members.includes(self)) throw new RangeError('this peer is not in the group')
  let at = 0
  for (const { start, end, owner } of parts) {
    if (start !== at || end <= start || (owner !== undefined && !members.includes(owner))) throw new RangeError(`the part from ${start} to ${end} does not fit`)
    at = end
  }
  if (at !== length) throw new RangeError(`parts cover ${at} of ${length} values`)
}
