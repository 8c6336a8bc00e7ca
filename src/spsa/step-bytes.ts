import type { StepByte } from './byte-model.ts'
import type { Entry } from './ledger-entry.ts'
import { seedOfStep } from './seeds.ts'

/** What an entry says to the model, where every step has a direction of its own. */
export function stepBytesOf ({ peer, firstStep, levels }: Pick<Entry, 'peer' | 'firstStep' | 'levels'>, runId: string): StepByte[] {
  return Array.from(levels, (level, at) => {
    const step = firstStep + at
    return { id: `${step} ${peer}`, step, level, seed: seedOfStep(runId, step, peer) }
  })
}
