import type { ScalarRequest } from '../ports.ts'
import type { DirectionLosses } from './direction-losses.ts'
import type { Told } from './half-loss.ts'
import type { Entry } from './ledger-entry.ts'
import type { Bytes } from './model-worker.ts'

/** How a step is measured, but for ε. */
export type PlannedStep = Omit<ScalarRequest, 'epsilon'>

/** How the forward passes of a step are divided among peers, and what entries of them say to the model. */
export interface Passes {
  /** Whether a pack is sent only where it fills its window. */
  readonly isWhole: boolean
  /** Where a peer that has come to the end of a window goes on: there, or further where the others have left it behind. */
  nextPlace (place: number): number
  /** Calls back once the window that begins at a place can be measured, with what its pack begins with. */
  begin (place: number, go: (head: readonly Told[]) => void): void
  /** Entries that begin before it may be in the weights by now. */
  limit (): number
  /** @param place of the step's first direction */
  plan (step: number, place: number): PlannedStep
  /** What is told of a direction. @param epsilon ε of the step */
  tell (losses: DirectionLosses, epsilon: number): Told
  /** What entries that come and go say to the model. */
  change (added: readonly Entry[], withdrawn: readonly Entry[]): { readonly added: readonly Bytes[], readonly withdrawn: readonly Bytes[] }
  /** Others' entries came: what waits for them may go on. */
  heard (): void
  /** A snapshot stands for the entries before a place. */
  sealed (place: number): void
  /** The model is made anew, from the entries that come next. */
  restart (): void
  /** Nothing more is waited for. */
  stop (): void
}
