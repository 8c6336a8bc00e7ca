import { noTotals } from '../../src/averaging/averaging-state.ts'
import type { AveragingState, AveragingTotals } from '../../src/averaging/averaging-state.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import type { CheckpointFiles } from '../store/checkpoint-files.ts'

/** What a peer was when it wrote its newest readable checkpoint. */
export interface RestoredState {
  readonly trainer: TrainerState
  readonly averaging: AveragingState
  readonly samplingSeed: number
  readonly kernelVariant: string
  /** Trained on so far. */
  readonly tokens: number
}

/** What this peer goes on from, if it has been in the run before. */
export function restoredState (files: CheckpointFiles, warn: (sentence: string) => void): RestoredState | undefined {
  const found = files.newest(warn)
  if (found === undefined) return undefined
  const { step, weights, adamFirst, adamSecond, slow, momentum, kept, round, syncedStep, counters, samplingSeed, kernelVariant, tokens } = found.checkpoint
  return {
    trainer: { step, weights, firstMoment: adamFirst, secondMoment: adamSecond },
    averaging: { slow, momentum, ...kept === undefined ? {} : { kept }, round, syncedStep, stretchTokens: counters['stretchTokens'] ?? 0, totals: totalsOf(counters) },
    samplingSeed,
    kernelVariant,
    tokens
  }
}

function totalsOf (counters: Readonly<Record<string, number>>): AveragingTotals {
  return Object.fromEntries(Object.keys(noTotals).map(name => [name, counters[name] ?? 0])) as unknown as AveragingTotals
}
