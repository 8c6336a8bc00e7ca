import type { AveragingState } from '../../src/averaging/averaging-state.ts'
import type { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { Trainer } from '../../src/ports.ts'
import type { MachineClock } from './virtual-clock.ts'

/** Where training goes on from: a checkpoint, or a member's replica. */
export interface TrainingStart {
  readonly step: number
  readonly weights: Float32Array
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

  afterRound (clock: MachineClock, trainer: Trainer, averaging: AveragingPeer): void {
    if (clock.worldMs() - this.#lastMs < this.#everyMs) return
    this.#lastMs = clock.worldMs()
    this.save(clock, trainer, averaging)
  }

  /** What is there at this moment, once whoever holds the method's vectors has answered; a full disk keeps what it had. */
  save (clock: MachineClock, trainer: Trainer, averaging: AveragingPeer): void {
    if (this.isFull) return
    const [step, weights] = [trainer.step, trainer.weights.slice()]
    clock.follow(averaging.exportState().then(state => { this.saved = { step, weights, averaging: state } }))
  }
}
