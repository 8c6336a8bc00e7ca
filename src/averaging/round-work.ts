import type { MethodSpec } from '../manifest/schema.ts'
import { idTail } from '../membership/short-id.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import type { ExchangeMessage, Progress, RoundRecord, Trainer, TrainingOutcome } from '../ports.ts'
import { sharesOf, sharesReference } from './arithmetic/method-traits.ts'
import type { AveragingState, AveragingTotals, ReplicaSnapshot } from './averaging-state.ts'
import { noTotals } from './averaging-state.ts'
import type { FragmentOutcome, FragmentRound, Part, PartMean, RoundPlan } from './frame.ts'
import { FrameReplica } from './frame-replica.ts'
import type { Fragment } from './fragments.ts'
import { decodeReference, encodeReference, fingerprintOf, takeOver } from './round-reference.ts'
import { FINGERPRINT_ROUNDS, historyAfter } from './round-history.ts'
import type { Contribution, MeanMessage, ReferenceMessage, RoundDecision } from './round-state.ts'
import { StretchMeter } from './stretch-meter.ts'

export interface RoundWorkOptions {
  readonly self: string
  readonly trainer: Trainer
  readonly method: MethodSpec
  readonly layout: ParameterLayout
  readonly seed: number
  readonly state?: AveragingState | undefined
}

/** Nothing came of a round but its record. */
const NOTHING: FragmentOutcome = { spread: NaN, members: [], landed: 0, lostReference: false, strangers: [], encoding: undefined }

/** The work of a peer's rounds, done when the round machine says so: weights out, weights in, the outer step, and what is counted on the way. */
export class RoundWork {
  readonly #options: RoundWorkOptions
  readonly #replica: FrameReplica
  readonly #stretch: StretchMeter
  /** Of the open round, by part. */
  readonly #means = new Map<number, PartMean>()
  #totals: AveragingTotals
  #open: FragmentRound | undefined
  /** Whether the open round holds anything of others. */
  #isTouched = false
  #reference: { readonly vectors: readonly Float32Array[], readonly basis: number | undefined } | undefined
  /** Stands for the weights, where gradients are shared; undefined where only they themselves can tell. */
  #history: number | undefined
  /** What waits until the trainer's weights are those after the last round; undefined where they are. */
  #unfinished: Array<() => void> | undefined
  #bytesSent = 0
  #bytesReceived = 0
  /** Whom the last round met. */
  #met: readonly string[] = []

  /** @throws ShoalError CODEC_SPEC, CHECKPOINT_INCOMPATIBLE, METHOD_UNSUPPORTED */
  constructor (options: RoundWorkOptions) {
    const { self, trainer, method, layout, seed, state } = options
    const gradient = trainer.gradients?.gradient
    this.#options = options
    this.#replica = new FrameReplica({ self, method, layout, seed, vectors: { fast: trainer.weights, ...gradient === undefined ? {} : { gradient } }, state })
    this.#stretch = new StretchMeter(method.fragments, state?.stretchTokens ?? 0, trainer.step - (state?.syncedStep ?? 0))
    this.#totals = state?.totals ?? noTotals
  }

  get totals (): AveragingTotals {
    return this.#totals
  }

  get fragmentLengths (): readonly number[] {
    return this.#replica.fragments.map(({ length }) => length)
  }

  /** Starts the trainer; `done` is told once the outcome has been counted. */
  train (untilStep: number, nowMs: () => number, done: (outcome: TrainingOutcome) => void): void {
    const { trainer, method } = this.#options
    const counted = (outcome: TrainingOutcome): void => {
      if (outcome.kind === 'reached') {
        this.#stretch.end(outcome, nowMs())
        this.#totals = { ...this.#totals, tokens: this.#totals.tokens + outcome.tokens }
      }
      done(outcome)
    }
    this.#stretch.begin(trainer.step, nowMs())
    if (sharesOf(method) !== 'gradients') trainer.train(untilStep, counted)
    else if (trainer.gradients !== undefined) trainer.gradients.compute(counted)
    else done({ kind: 'failed', reason: 'the method shares gradients and this trainer gives none' })
  }

  /** Opens the round with what the trainer has learned so far, to be written on a rung of the method's ladder. @returns what stands for the weights that the group shares, if it shares any */
  take (round: number, fragment: number, members: readonly string[], rung = 0): number | undefined {
    this.abandon()
    this.#open = this.#openRound(round, fragment, members, rung)
    return this.#basisOf(round, fragment)
  }

  replan (members: readonly string[], parts: readonly Part[]): void {
    if (this.#open !== undefined) this.#open.replan({ ...this.#open.plan, members, parts })
  }

  /** Our own contribution to a part. @throws ShoalError CODEC_CORRUPT when our weights are not finite */
  contribution (part: number, plan: number | undefined): ExchangeMessage {
    const open = this.#opened()
    const { tokens, rung, payload } = open.contribution(part)
    this.#bytesSent += payload.length
    const header = { kind: 'contribution', round: open.plan.round, fragment: open.plan.fragment } as const
    return plan === undefined ? { ...header, tokens, rung, payload } : { ...header, plan, part, tokens, rung, payload }
  }

  /** Checks and keeps a member's contribution; no weight moves. @returns whether it counts @throws ShoalError CODEC_CORRUPT */
  verify (partner: string, contribution: Contribution): boolean {
    this.#bytesReceived += contribution.payload.length
    const counts = this.#opened().receive(contribution.part ?? 0, partner, contribution)
    this.#isTouched ||= counts
    return counts
  }

  /** Takes the mean of a part; no weight moves. @returns whether it counts @throws ShoalError CODEC_CORRUPT */
  accept ({ part, payload }: MeanMessage, members: readonly string[]): boolean {
    this.#bytesReceived += payload.length
    const counts = this.#opened().accept(part, { payload, members })
    if (counts) this.#means.set(part, { payload, members })
    this.#isTouched ||= counts
    return counts
  }

  /** Reduces an owned part. */
  reduce (part: number): void {
    this.#means.set(part, this.#opened().reduced(part))
    this.#isTouched = true
  }

  /** A mean that is here, to be sent to a member. */
  mean (part: number, plan: number): ExchangeMessage | undefined {
    const open = this.#opened()
    const mean = this.#means.get(part)
    if (mean === undefined) return undefined
    this.#bytesSent += mean.payload.length
    const members = mean.members.map(member => open.plan.members.indexOf(member))
    return { kind: 'mean', round: open.plan.round, fragment: open.plan.fragment, plan, part, members, payload: mean.payload }
  }

  /** Checks and keeps what a member shares. @throws ShoalError CODEC_CORRUPT */
  keep ({ fragment, basis, payload }: ReferenceMessage): void {
    this.#bytesReceived += payload.length
    this.#reference = { vectors: decodeReference(payload, this.#replica, this.#fragment(fragment)), basis }
  }

  /** Calls back with what this peer shares of a fragment, once it is that after the round just committed: the trainer may still be taking the step. */
  give (round: number, fragment: number, send: (reference: ExchangeMessage) => void): void {
    const basis = this.#history
    const encode = (): void => {
      const payload = encodeReference(this.#replica, this.#fragment(fragment))
      this.#bytesSent += payload.length
      send({ kind: 'reference', round, fragment, basis, payload })
    }
    if (this.#unfinished === undefined) encode()
    else this.#unfinished.push(encode)
  }

  /** The outer step, whole, and its record. @throws ShoalError CODEC_CORRUPT when a result would not be finite */
  commit (decision: RoundDecision): RoundRecord {
    const outcome = this.#land(decision)
    if (sharesOf(this.#options.method) === 'gradients') this.#finishStep(decision)
    const record = this.#recordOf(decision, outcome)
    this.#count(record, decision.inDoubt)
    this.#met = decision.averaged ? decision.members.map(idTail) : []
    this.#bytesSent = this.#bytesReceived = 0
    return record
  }

  /** Leaves the round under way; nothing has moved. */
  abandon (): void {
    this.#open?.abandon()
    this.#open = undefined
    this.#reference = undefined
    this.#isTouched = false
    this.#means.clear()
  }

  progress (round: number, training: boolean): Progress {
    const { loss, tokensPerSecond } = this.#stretch
    return { round, step: this.#options.trainer.step, training, loss, tokensPerSecond, met: this.#met }
  }

  adopt (snapshot: ReplicaSnapshot): void {
    this.#replica.adopt(snapshot)
    this.#history = undefined
  }

  exportState (round: number, syncedStep: number): AveragingState {
    return { ...this.#replica.exportState(), round, syncedStep, stretchTokens: this.#stretch.tokens, totals: this.#totals }
  }

  #land (decision: RoundDecision): FragmentOutcome {
    const { fragment, ageSteps, takesOver } = decision
    if (takesOver === true) return this.#goOver(fragment)
    const open = this.#roundToLand(decision)
    if (open === undefined) return NOTHING
    const { tokens } = open.plan
    const outcome = open.commit(ageSteps)
    if (this.#history !== undefined) this.#history = historyAfter(this.#history, open.plan, this.#means, this.#options.self)
    this.#stretch.synced(fragment, tokens)
    this.#open = undefined
    this.abandon()
    return outcome
  }

  /** What came of others counts in a round with others alone; one peer may not move what all share. */
  #roundToLand ({ round, fragment, averaged, isApart }: RoundDecision): FragmentRound | undefined {
    const group = this.#open?.plan.members ?? [this.#options.self]
    if (!averaged && this.#open === undefined && isApart && sharesReference(this.#options.method)) return undefined
    if (this.#open !== undefined && (averaged || !this.#isTouched)) return this.#open
    this.abandon()
    return this.#openRound(round, fragment, group)
  }

  #goOver (fragment: number): FragmentOutcome {
    const reference = this.#reference
    this.abandon()
    if (reference !== undefined) {
      takeOver(reference.vectors, this.#replica, this.#fragment(fragment), this.#options.trainer.weights)
      this.#history = reference.basis
    }
    this.#stretch.synced(fragment, this.#stretch.tokensOf(fragment))
    return NOTHING
  }

  /** The step that was computed; what was taken over from a member stands after it already. */
  #finishStep ({ takesOver }: RoundDecision): void {
    const { trainer, method } = this.#options
    const waiting: Array<() => void> = []
    this.#unfinished = waiting
    trainer.gradients?.finishStep({ descend: method.outer.kind === 'inner' && takesOver !== true }, () => {
      if (this.#unfinished === waiting) this.#unfinished = undefined
      for (const next of waiting) next()
    })
  }

  #basisOf (round: number, fragment: number): number | undefined {
    const { method } = this.#options
    if (sharesReference(method)) return fingerprintOf(this.#replica, this.#fragment(fragment))
    if (sharesOf(method) !== 'gradients') return undefined
    if (this.#history === undefined || round % FINGERPRINT_ROUNDS === 0) this.#history = fingerprintOf(this.#replica, this.#fragment(fragment))
    return this.#history
  }

  #openRound (round: number, fragment: number, members: readonly string[], rung = 0): FragmentRound {
    const plan: RoundPlan = { round, fragment, members, rung, parts: [{ start: 0, end: this.#fragment(fragment).length }], tokens: this.#stretch.tokensOf(fragment) }
    return this.#replica.open(plan)
  }

  #opened (): FragmentRound {
    if (this.#open === undefined) throw new RangeError('no round is open')
    return this.#open
  }

  #fragment (index: number): Fragment {
    const fragment = this.#replica.fragments[index]
    if (fragment === undefined) throw new RangeError(`there is no fragment ${index}`)
    return fragment
  }

  #recordOf ({ round, members, averaged, reason, waitedMs }: RoundDecision, { spread, encoding }: FragmentOutcome): RoundRecord {
    const { self, trainer } = this.#options
    return {
      round,
      step: trainer.step,
      members: [self, ...members],
      outcome: averaged ? 'averaged' : 'solo',
      reason,
      spread,
      loss: this.#stretch.loss,
      waitedMs,
      payloadBytesSent: this.#bytesSent,
      payloadBytesReceived: this.#bytesReceived,
      ...encoding === undefined ? {} : { codecError: encoding.error, bitsPerValue: encoding.bitsPerValue }
    }
  }

  #count (record: RoundRecord, inDoubt: boolean): void {
    const before = this.#totals
    this.#totals = {
      rounds: before.rounds + 1,
      averagedRounds: before.averagedRounds + (record.outcome === 'averaged' ? 1 : 0),
      inDoubt: before.inDoubt + (inDoubt ? 1 : 0),
      tokens: before.tokens,
      payloadBytesSent: before.payloadBytesSent + record.payloadBytesSent,
      payloadBytesReceived: before.payloadBytesReceived + record.payloadBytesReceived
    }
  }
}
