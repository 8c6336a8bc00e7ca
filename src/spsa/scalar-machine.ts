import type { Entry } from './ledger-entry.ts'
import type { Adoption } from './ledger-start.ts'
import type { Ledger } from './ledger.ts'
import type { OneByteMessage } from './one-byte-messages.ts'
import type { StepState } from './step-states.ts'

/** One peer of a run of scalars, whatever the method: its ledger, and the weights that the ledger makes. */
export interface ScalarMachine {
  readonly ledger: Ledger
  /** Steps of training taken so far. */
  readonly step: number
  /** Takes over entries that were kept, in the order of each chain and without a word. Before `start`. */
  restore (entries: readonly Entry[]): void
  /** Steps until the run's end or `stop`, from the own chain's end on. @param fromStep of the ledger, where somebody without entries begins */
  start (fromStep: number): void
  stop (): void
  receive (from: string, message: OneByteMessage): void
  /** Asks a peer for what this one lacks. */
  inquire (to: string): void
  /** Asks a peer what snapshot it has, or for its chains. */
  seek (to: string, heads: boolean): void
  /**
   * Goes on from a snapshot that others took instead of from what this peer had before that step; what it holds of later steps stays, and its own
   * chain goes on. At once, or after the work under way.
   *
   * @param taken told false where that makes other weights than were told, and it goes on from what it has; where work is under way, true before that is known
   */
  adopt (adoption: Adoption, taken: (isTaken: boolean) => void): void
  /** What the weights are made of by now, since the snapshot after which entries are held. */
  applied (): Entry[]
  /** Tells a peer what this one holds. */
  compare (to: string): void
  /** The weights of everything that is counted by now, once they can be read; never where whoever keeps them is gone, which is reported as a failure. */
  readWeights (read: (weights: Float32Array) => void): void
  /** Everything held now, by its fingerprint, and the weights that it makes, by their hash; as `readWeights`. */
  state (told: (state: Omit<StepState, 'step'>) => void): void
}
