import { isScalarMethod } from '../../src/averaging/any-method.ts'
import type { AveragingState } from '../../src/averaging/averaging-state.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import type { Trainer } from '../../src/ports.ts'
import type { ComputeSettings } from '../backends/contract.ts'
import { RoundThread } from './client.ts'

/**
 * Parameters from which a model's rounds have a thread of their own. A call costs up to 24 ns a value on a busy machine (`node test/bench/averaging.mjs`), so
 * below this the longest holds the event loop for 6 ms, and a thread would cost each of a round's calls a message there and back, and the process another heap.
 */
const SMALLEST_MODEL_WITH_THREAD = 2 ** 18

export interface RoundParts {
  readonly self: string
  readonly layout: ParameterLayout
  /** Its weights lie on shared memory. */
  readonly trainer: Trainer
  readonly compute: ComputeSettings
  /** Its vectors are given away where there is a thread. */
  readonly state: AveragingState | undefined
}

/** A thread for the rounds of a run; none for small models, and none where there is nothing to average. @throws as `RoundThread.start` */
export async function startRounds ({ method, seed }: RunManifest, { trainer, ...parts }: RoundParts, signal: AbortSignal): Promise<RoundThread | undefined> {
  if (isScalarMethod(method) || parts.layout.size < SMALLEST_MODEL_WITH_THREAD) return undefined
  const gradient = trainer.gradients?.gradient
  return RoundThread.start({ ...parts, method, seed, vectors: { fast: trainer.weights, ...gradient === undefined ? {} : { gradient } } }, signal)
}
