import type { MethodSpec } from '../manifest/schema.ts'
import type { Progress, RoundRecord, Trainer, TrainingOutcome } from '../ports.ts'
import type { AveragingState, AveragingTotals, ReplicaSnapshot } from './averaging-state.ts'
import { noTotals } from './averaging-state.ts'
import { Replica } from './replica.ts'
import type { Contribution, RoundDecision } from './round-state.ts'
import { StretchMeter } from './stretch-meter.ts'

/** The work of a peer's rounds, done when the round machine says so: weights out, weights in, the outer step, and what is counted on the way. */
export class RoundWork {
  readonly #self: string
  readonly #trainer: Trainer
  readonly #replica: Replica
  readonly #stretch: StretchMeter
  #totals: AveragingTotals
  #verified: { readonly tokens: number, readonly spread: number } | undefined
  #bytesSent = 0
  #bytesReceived = 0

  /** @throws ShoalError CODEC_SPEC, CHECKPOINT_INCOMPATIBLE */
  constructor (self: string, trainer: Trainer, method: MethodSpec, state?: AveragingState) {
    this.#self = self
    this.#trainer = trainer
    this.#replica = new Replica(method, trainer.weights, state)
    this.#stretch = new StretchMeter(state?.stretchTokens ?? 0)
    this.#totals = state?.totals ?? noTotals
  }

  get totals (): AveragingTotals {
    return this.#totals
  }

  /** Starts the trainer; `done` is told once the outcome has been counted. */
  train (untilStep: number, syncedStep: number, nowMs: () => number, done: (outcome: TrainingOutcome) => void): void {
    this.#stretch.begin(this.#trainer.step, nowMs())
    this.#trainer.train(untilStep, outcome => {
      if (outcome.kind === 'reached') {
        this.#stretch.end(outcome, syncedStep, nowMs())
        this.#totals = { ...this.#totals, tokens: this.#totals.tokens + outcome.tokens }
      }
      done(outcome)
    })
  }

  /** Our own contribution. @throws ShoalError CODEC_CORRUPT when our weights are not finite */
  contribution (round: number): Contribution {
    const payload = this.#replica.encode()
    this.#bytesSent += payload.length
    return { kind: 'contribution', round, fragment: 0, tokens: this.#stretch.tokens, payload }
  }

  /** Checks and keeps the partner's contribution; no weight moves. @throws ShoalError CODEC_CORRUPT */
  verify (contribution: Contribution): void {
    this.#bytesReceived += contribution.payload.length
    this.#verified = { tokens: contribution.tokens, spread: this.#replica.verify(contribution) }
  }

  /** The outer step, whole, and its record. */
  commit (decision: RoundDecision): RoundRecord {
    const partner = decision.partner === undefined ? undefined : this.#verified
    if (partner === undefined) this.#replica.stepAlone()
    else this.#replica.average(this.#stretch.tokens, partner.tokens)
    const record = this.#recordOf(decision, partner?.spread ?? NaN)
    this.#count(record, decision.inDoubt)
    this.#verified = undefined
    this.#bytesSent = this.#bytesReceived = 0
    this.#stretch.tokens = 0
    return record
  }

  progress (round: number, training: boolean): Progress {
    const { loss, tokensPerSecond } = this.#stretch
    return { round, step: this.#trainer.step, training, loss, tokensPerSecond }
  }

  adopt (snapshot: ReplicaSnapshot): void {
    this.#replica.adopt(snapshot.weights)
  }

  exportState (round: number, syncedStep: number): AveragingState {
    return { ...this.#replica.outer.exportState(), round, syncedStep, stretchTokens: this.#stretch.tokens, totals: this.#totals }
  }

  #recordOf ({ round, partner, reason, waitedMs }: RoundDecision, spread: number): RoundRecord {
    return {
      round,
      step: this.#trainer.step,
      members: partner === undefined ? [this.#self] : [this.#self, partner],
      outcome: partner === undefined ? 'solo' : 'averaged',
      reason,
      spread,
      loss: this.#stretch.loss,
      waitedMs,
      payloadBytesSent: this.#bytesSent,
      payloadBytesReceived: this.#bytesReceived
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
