import type { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { AveragingState } from '../../src/averaging/averaging-state.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { reasonOf } from '../../src/errors.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import type { EventLog } from './event-log.ts'
import type { PeerParts } from './peer-parts.ts'

export interface CheckpointKeeperOptions {
  readonly parts: PeerParts
  readonly averaging: AveragingPeer
  readonly runId: string
  readonly events: EventLog
  /** Trained on so far. */
  readonly tokens: () => number
  readonly nowMs: () => number
}

const MS_PER_SECOND = 1000

/** Writes checkpoints at moments when trainer and averaging agree: right after a round, and when training has ended. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions
  #writing: Promise<void> = Promise.resolve()
  #writtenStep = -1
  #writtenAtMs: number
  #path = ''

  constructor (options: CheckpointKeeperOptions) {
    this.#options = options
    this.#writtenAtMs = options.nowMs()
  }

  /** Path of the newest checkpoint of this life, empty before the first. */
  get path (): string {
    return this.#path
  }

  /**
   * To be called when a round has committed and before training goes on: the trainer answers requests in order, so what
   * is asked now is told before the next step. Writes when the last checkpoint is `everySeconds` old.
   */
  afterRound (everySeconds: number): void {
    if (this.#options.nowMs() - this.#writtenAtMs < everySeconds * MS_PER_SECOND) return
    this.#writtenAtMs = this.#options.nowMs()
    this.write().catch((error: unknown) => {
      // A full disk must not end the training: the last checkpoint stays, the next attempt may succeed.
      this.#options.events.emit({ type: 'warning', sentence: `no checkpoint was written: ${reasonOf(error)}` })
    })
  }

  /** Writes the peer's state as it is now, after any write under way; not twice for the same step. */
  async write (): Promise<void> {
    const { parts, averaging } = this.#options
    const averagingState = averaging.exportState()
    const trainerState = parts.trainer.readState()
    this.#writing = this.#writing.catch(() => undefined).then(async () => this.#store(await trainerState, averagingState))
    return this.#writing
  }

  async #store (trainer: TrainerState, averaging: AveragingState): Promise<void> {
    if (trainer.step === this.#writtenStep) return
    const { parts, runId, events } = this.#options
    const { slow, momentum, round, syncedStep, stretchTokens, totals } = averaging
    const checkpoint: Checkpoint = {
      runId, peerId: parts.network.self, step: trainer.step, round, tokens: this.#options.tokens(), kernelVariant: parts.trainer.kernelVariant,
      samplingSeed: parts.samplingSeed, syncedStep, counters: { stretchTokens, ...totals },
      weights: trainer.weights, slow, momentum, adamFirst: trainer.firstMoment, adamSecond: trainer.secondMoment
    }
    this.#path = await parts.files.write(checkpoint)
    this.#writtenStep = trainer.step
    events.emit({ type: 'checkpoint', step: trainer.step, path: this.#path })
  }
}
