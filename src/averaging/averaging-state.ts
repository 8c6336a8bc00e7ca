import type { SavedState } from './frame-state.ts'

/** Counted since the run began on this peer, resumed starts included. */
export interface AveragingTotals {
  readonly rounds: number
  readonly averagedRounds: number
  /** Solo rounds whose partner may have averaged. */
  readonly inDoubt: number
  /** Tokens of whole stretches of training; a trainer that is stopped does not tell those of its last one. */
  readonly tokens: number
  readonly payloadBytesSent: number
  readonly payloadBytesReceived: number
}

export const noTotals: AveragingTotals = { rounds: 0, averagedRounds: 0, inDoubt: 0, tokens: 0, payloadBytesSent: 0, payloadBytesReceived: 0 }

/** What a checkpoint keeps of averaging; with the trainer's weights and step it is a committed state at any moment between rounds. */
export interface AveragingState extends SavedState {
  readonly round: number
  /** Inner steps at the last commit. */
  readonly syncedStep: number
  /** By fragment: tokens since its last sync, as far as the trainer has told; one number alone is that of all. */
  readonly stretchTokens: readonly number[]
  readonly totals: AveragingTotals
}

/** Another replica's weights, to start from. */
export interface ReplicaSnapshot {
  readonly round: number
  /** How far its owner was; the adopting peer goes on counting its own steps. */
  readonly step: number
  readonly weights: Float32Array
  /** Its slow weights, where they are not the same; a method whose group shares them needs them to the bit. */
  readonly slow?: Float32Array
  /** Its outer momentum, where the method has any. */
  readonly momentum?: Float32Array
}
