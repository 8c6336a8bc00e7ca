import type { AveragingState } from '../../src/averaging/averaging-state.ts'
import type { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { Trainer } from '../../src/ports.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import type { MachineClock } from './virtual-clock.ts'

/** What an inner optimizer remembers of gradients; some need one of them, some none. */
export type Moments = Pick<TrainerState, 'firstMoment' | 'secondMoment'>

/** Where training goes on from: a checkpoint, or a member's replica, which has no moments. */
export interface TrainingStart {
  readonly step: number
  readonly weights: Float32Array
  readonly moments?: Moments | undefined
}

/** A trainer of a simulation, whose store keeps all that it depends on. */
export interface SimulatedTrainer extends Trainer {
  /** Copies of the inner optimizer's, as they are between two stretches; left out where it has none. */
  readonly moments?: (() => Moments) | undefined
}

/** What a checkpoint holds. */
export interface SavedPeer extends TrainingStart {
  readonly averaging: AveragingState
}

/** As often as a peer writes checkpoints unless told otherwise. */
const CHECKPOINT_EVERY_MS = 60_000

/** What outlives a process: its last checkpoint. One is taken after the first round that ends once the interval is over, and one when a peer ends in peace (decision 0004). */
export class VirtualStore {
  saved: SavedPeer | undefined
  isFull = false
  readonly #everyMs: number
  #lastMs = 0

  constructor (everyMs = CHECKPOINT_EVERY_MS) {
    this.#everyMs = everyMs
  }

  afterRound (clock: MachineClock, trainer: SimulatedTrainer, averaging: AveragingPeer): void {
    if (clock.worldMs() - this.#lastMs < this.#everyMs) return
    this.#lastMs = clock.worldMs()
    this.save(clock, trainer, averaging)
  }

  /** What is there at this moment, once whoever holds the method's vectors has answered; a full disk keeps what it had. */
  save (clock: MachineClock, trainer: SimulatedTrainer, averaging: AveragingPeer): void {
    if (this.isFull) return
    const training: TrainingStart = { step: trainer.step, weights: trainer.weights.slice(), moments: trainer.moments?.() }
    clock.follow(averaging.exportState().then(state => { this.saved = { ...training, averaging: state } }))
  }
}
