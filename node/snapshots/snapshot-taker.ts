import type { AveragingState } from '../../src/averaging/averaging-state.ts'
import { reasonOf } from '../../src/errors.ts'
import type { RoundRecord } from '../../src/ports.ts'
import { ExpectedSpread } from '../../src/transfer/expected-spread.ts'
import { SnapshotCadence } from '../../src/transfer/snapshot-cadence.ts'
import type { PublishedSnapshots } from './published-snapshots.ts'

export interface SnapshotTakerOptions {
  readonly published: Pick<PublishedSnapshots, 'publish'>
  readonly spread: ExpectedSpread
  /** Of a snapshot. */
  readonly bytes: number
  readonly exportState: () => Promise<AveragingState>
  readonly tokens: () => number
  readonly warn: (sentence: string) => void
  readonly nowMs: () => number
}

/** Takes a snapshot after the rounds on which all members agree, while training goes on. */
export class SnapshotTaker {
  readonly #options: SnapshotTakerOptions
  readonly #cadence: SnapshotCadence
  #isWriting = false
  #hasWarned = false

  constructor (options: SnapshotTakerOptions) {
    this.#options = options
    this.#cadence = new SnapshotCadence(options.bytes)
  }

  /** To be called when a round has committed and before training goes on. */
  afterRound (record: RoundRecord): void {
    const { spread, nowMs } = this.#options
    spread.learn(record)
    if (this.#cadence.isDue(record.round, nowMs())) void this.take(record.round)
  }

  /** As this peer is now, if that is still the end of this round. @param count what it counts then, where it took over a replica and the swarm had gone on */
  async take (round: number, count = round): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    const { published, exportState, tokens, warn } = this.#options
    const trainedOn = tokens()
    try {
      const { slow, momentum, syncedStep, round: now } = await exportState()
      if (now === count) await published.publish({ round, step: syncedStep, tokens: trainedOn, vectors: momentum.length === 0 ? [slow] : [slow, momentum] })
      this.#hasWarned = false
    } catch (error) {
      // Training does not depend on it, and the next may succeed; one sentence is enough until then.
      if (!this.#hasWarned) warn(`no snapshot was taken for joiners: ${reasonOf(error)}`)
      this.#hasWarned = true
    } finally {
      this.#isWriting = false
    }
  }
}
