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

/** Counter of a run whose batches grow: passes of the next step. */
export const GROWN_PASSES = 'grownPasses'

/** What this peer goes on from, if it has been in the run before. */
export function restoredState (files: CheckpointFiles, warn: (sentence: string) => void): RestoredState | undefined {
  const found = files.newest(warn)
  if (found === undefined) return undefined
  const { step, weights, adamFirst, adamSecond, slow, momentum, kept, round, syncedStep, counters, samplingSeed, kernelVariant, tokens } = found.checkpoint
  const passes = counters[GROWN_PASSES]
  return {
    trainer: { step, weights, firstMoment: adamFirst, secondMoment: adamSecond, ...passes === undefined ? {} : { growth: { passes, tokens } } },
    averaging: { slow, momentum, ...kept === undefined ? {} : { kept }, round, syncedStep, stretchTokens: stretchTokensOf(counters), totals: totalsOf(counters) },
    samplingSeed,
    kernelVariant,
    tokens
  }
}

/** Of each fragment; files from before they were kept apart have one number for all. */
const STRETCH_TOKENS = 'stretchTokens'

/** Tokens since each fragment's last sync, as a checkpoint counts them. */
export function stretchCounters (tokens: readonly number[]): Readonly<Record<string, number>> {
  return Object.fromEntries(tokens.map((count, fragment) => [`${STRETCH_TOKENS}.${fragment}`, count]))
}

/** What {@link stretchCounters} wrote. */
export function stretchTokensOf (counters: Readonly<Record<string, number>>): readonly number[] {
  const tokens: number[] = []
  for (let count = counters[`${STRETCH_TOKENS}.0`]; count !== undefined; count = counters[`${STRETCH_TOKENS}.${tokens.length}`]) tokens.push(count)
  return tokens.length > 0 ? tokens : [counters[STRETCH_TOKENS] ?? 0]
}

function totalsOf (counters: Readonly<Record<string, number>>): AveragingTotals {
  return Object.fromEntries(Object.keys(noTotals).map(name => [name, counters[name] ?? 0])) as unknown as AveragingTotals
}
