import type { MethodSpec } from '../manifest/schema.ts'
import { idTail } from '../membership/short-id.ts'
import type { Progress, RoundRecord, Trainer, TrainingOutcome } from '../ports.ts'
import { sharesOf } from './arithmetic/method-traits.ts'
import type { AveragingState, AveragingTotals } from './averaging-state.ts'
import { noTotals } from './averaging-state.ts'
import type { RoundDecision } from './round-state.ts'
import type { RoundLanding } from './round-worker.ts'
import { StretchMeter } from './stretch-meter.ts'

/** What a peer counts of a run, without its vectors. */
export type AveragingCounts = Pick<AveragingState, 'round' | 'syncedStep' | 'stretchTokens' | 'totals'>

export interface RoundBookOptions {
  readonly self: string
  readonly trainer: Trainer
  readonly method: MethodSpec
  readonly counts?: AveragingCounts | undefined
}

/** Starts the trainer and counts what it and the rounds did: tokens, bytes, records. */
export class RoundBook {
  readonly #self: string
  readonly #trainer: Trainer
  readonly #method: MethodSpec
  #stretch: StretchMeter
  #totals: AveragingTotals
  #round: number
  #syncedStep: number
  #bytesSent = 0
  #bytesReceived = 0
  /** What waits until the trainer's weights are those after the last round; undefined where they are. */
  #unfinished: Array<() => void> | undefined
  /** Whom the last round met. */
  #met: readonly string[] = []

  constructor ({ self, trainer, method, counts }: RoundBookOptions) {
    this.#self = self
    this.#trainer = trainer
    this.#method = method
    this.#round = counts?.round ?? 0
    this.#syncedStep = counts?.syncedStep ?? 0
    this.#stretch = new StretchMeter(method.fragments, counts?.stretchTokens ?? [], trainer.step - this.#syncedStep)
    this.#totals = counts?.totals ?? noTotals
  }

  get totals (): AveragingTotals {
    return this.#totals
  }

  /** As of the last round that has landed. */
  get counts (): AveragingCounts {
    return { round: this.#round, syncedStep: this.#syncedStep, stretchTokens: this.#stretch.tokens, totals: this.#totals }
  }

  /** Tokens trained on since a fragment's last sync. */
  tokensOf (fragment: number): number {
    return this.#stretch.tokensOf(fragment)
  }

  /** Starts the trainer; `done` is told once the outcome has been counted. */
  train (untilStep: number, nowMs: () => number, done: (outcome: TrainingOutcome) => void): void {
    const counted = (outcome: TrainingOutcome): void => {
      if (outcome.kind === 'reached') {
        this.#stretch.end(outcome, nowMs())
        this.#totals = { ...this.#totals, tokens: this.#totals.tokens + outcome.tokens }
      }
      done(outcome)
    }
    this.#stretch.begin(this.#trainer.step, nowMs())
    if (sharesOf(this.#method) !== 'gradients') this.#trainer.train(untilStep, counted)
    else if (this.#trainer.gradients !== undefined) this.#trainer.gradients.compute(counted)
    else done({ kind: 'failed', reason: 'the method shares gradients and this trainer gives none' })
  }

  sent (payload: Uint8Array): void {
    this.#bytesSent += payload.length
  }

  received (payload: Uint8Array): void {
    this.#bytesReceived += payload.length
  }

  /** A replica was taken over: nothing has been trained since its last round. */
  adopt (round: number): void {
    this.#round = round
    this.#syncedStep = this.#trainer.step
    this.#stretch = new StretchMeter(this.#method.fragments, [], 0)
  }

  /** The count of rounds goes on from the swarm's. */
  follow (round: number): void {
    this.#round = round
  }

  /** A round has landed: finishes a step in two halves, and counts. @returns its record */
  landed (decision: RoundDecision, landing: RoundLanding): RoundRecord {
    const { syncedTokens } = landing
    if (syncedTokens !== undefined) this.#stretch.synced(decision.fragment, syncedTokens)
    if (sharesOf(this.#method) === 'gradients') this.#finishStep(decision)
    const record = this.#recordOf(decision, landing)
    this.#count(record, decision.inDoubt)
    this.#met = decision.averaged ? decision.members.map(idTail) : []
    this.#round = record.round
    this.#syncedStep = record.step
    this.#bytesSent = this.#bytesReceived = 0
    return record
  }

  /** Calls back once the trainer's weights are those after the last round. */
  whenStepped (then: () => void): void {
    if (this.#unfinished === undefined) then()
    else this.#unfinished.push(then)
  }

  /** The step that was computed; what was taken over from a member stands after it already. */
  #finishStep ({ takesOver }: RoundDecision): void {
    const waiting: Array<() => void> = []
    this.#unfinished = waiting
    this.#trainer.gradients?.finishStep({ descend: this.#method.outer.kind === 'inner' && takesOver !== true }, () => {
      if (this.#unfinished === waiting) this.#unfinished = undefined
      for (const next of waiting) next()
    })
  }

  progress (round: number, training: boolean): Progress {
    const { loss, tokensPerSecond } = this.#stretch
    return { round, step: this.#trainer.step, training, loss, tokensPerSecond, met: this.#met }
  }

  #recordOf ({ round, members, averaged, reason, waitedMs }: RoundDecision, { spread, encoding }: RoundLanding): RoundRecord {
    return {
      round,
      step: this.#trainer.step,
      members: [this.#self, ...members],
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
