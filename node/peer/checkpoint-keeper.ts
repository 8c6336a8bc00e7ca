import type { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { AveragingState } from '../../src/averaging/averaging-state.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { reasonOf } from '../../src/errors.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import type { EventLog } from './event-log.ts'
import type { PeerParts } from './peer-parts.ts'
import { GROWN_PASSES, stretchCounters } from './restored-state.ts'

export interface CheckpointKeeperOptions {
  readonly parts: PeerParts
  readonly averaging: AveragingPeer
  readonly runId: string
  readonly events: EventLog
  /** Trained on so far. */
  readonly tokens: () => number
  readonly nowMs: () => number
}

/** A held-out loss that is being measured; it answers nothing when that fails. */
export type PendingLoss = Promise<number | undefined>

/** A peer's state at one moment: copies that are on their way, those of the trainer where they are needed. */
interface Moment {
  readonly trainer: Promise<TrainerState | undefined>
  readonly averaging: Promise<AveragingState>
  readonly tokens: number
  readonly loss: PendingLoss
}

const MS_PER_SECOND = 1000

/** Writes checkpoints at moments when trainer and averaging agree: right after a round, and when training has ended. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions
  #writing: Promise<void> = Promise.resolve()
  #writtenStep = -1
  #writtenLoss: number | undefined
  #writtenAtMs: number
  #path = ''
  #bestLoss: number

  constructor (options: CheckpointKeeperOptions) {
    this.#options = options
    this.#writtenAtMs = options.nowMs()
    this.#bestLoss = options.parts.files.bestLoss() ?? Infinity
  }

  /** Path of the newest checkpoint of this life, empty before the first. */
  get path (): string {
    return this.#path
  }

  /**
   * To be called when a round has committed and before training goes on: the trainer answers requests in order, so what
   * is asked now is told before the next step. Writes when the last checkpoint is `everySeconds` old, or when the loss that
   * is being measured turns out to be the lowest so far.
   */
  afterRound (everySeconds: number, loss?: PendingLoss): void {
    const isDue = this.#options.nowMs() - this.#writtenAtMs >= everySeconds * MS_PER_SECOND
    if (!isDue && loss === undefined) return
    if (isDue) this.#writtenAtMs = this.#options.nowMs()
    this.#enqueue(this.#now(loss, isDue), isDue).catch((error: unknown) => {
      // A full disk must not end the training: the last checkpoint stays, the next attempt may succeed.
      this.#options.events.emit({ type: 'warning', sentence: `no checkpoint was written: ${reasonOf(error)}` })
    })
  }

  /** Writes the peer's state as it is now, after any write under way; again for the same step only where its loss is news. */
  async write (loss?: PendingLoss): Promise<void> {
    return this.#enqueue(this.#now(loss, true), true)
  }

  /** To be called right after the loss was asked for: the trainer keeps its state back where that is nothing new. */
  #now (loss: PendingLoss | undefined, isDue: boolean): Moment {
    const { parts, averaging, tokens } = this.#options
    const trainer = isDue ? parts.trainer.readState() : parts.trainer.readStateBelow(this.#bestLoss)
    const state = averaging.exportState()
    // Whoever awaits them later hears of a failure; until then it must not end the process.
    for (const coming of [trainer, state]) coming.catch(() => undefined)
    return { trainer, averaging: state, tokens: tokens(), loss: loss ?? Promise.resolve(undefined) }
  }

  async #enqueue (moment: Moment, isDue: boolean): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(async () => {
      const loss = await moment.loss
      if (!isDue && (loss === undefined || loss >= this.#bestLoss)) return
      const trainer = await moment.trainer
      if (trainer !== undefined) await this.#store(trainer, await moment.averaging, moment.tokens, loss)
    })
    return this.#writing
  }

  async #store (trainer: TrainerState, averaging: AveragingState, tokens: number, loss: number | undefined): Promise<void> {
    if (trainer.step === this.#writtenStep && (loss === undefined || loss === this.#writtenLoss)) return
    const { parts, runId, events } = this.#options
    const { momentum, kept, round, syncedStep, stretchTokens, totals } = averaging
    // A step in two halves has been counted and may still be under way; its weights are those that the trainer tells.
    const slow = parts.trainer.gradients === undefined ? averaging.slow : trainer.weights
    const checkpoint: Checkpoint = {
      runId, peerId: parts.network.self, step: trainer.step, round, tokens, kernelVariant: parts.trainer.kernelVariant,
      samplingSeed: parts.samplingSeed, syncedStep, counters: { ...stretchCounters(stretchTokens), ...totals, ...trainer.growth === undefined ? {} : { [GROWN_PASSES]: trainer.growth.passes } }, ...loss === undefined ? {} : { heldOutLoss: loss },
      weights: trainer.weights, slow, momentum, adamFirst: trainer.firstMoment, adamSecond: trainer.secondMoment, ...kept === undefined ? {} : { kept }
    }
    this.#path = await parts.files.write(checkpoint)
    this.#writtenStep = trainer.step
    this.#writtenLoss = loss
    this.#bestLoss = Math.min(this.#bestLoss, loss ?? Infinity)
    events.emit({ type: 'checkpoint', step: trainer.step, path: this.#path })
  }
}
