import { trainedModel, trainedStart } from '../../src/spsa/adapter-start.ts'
import type { ModelMemory } from '../../src/spsa/byte-model.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import { checkState, genesisState } from '../../src/training/trainer-state.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import type { ScalarSettings, WorkerInput } from './messages.ts'

/** What a run of scalars moves, and the model that it makes. */
export interface TrainedMemory {
  readonly memory: ModelMemory
  readonly lift: (trained: WeightSource) => WeightSource
  /** Steps taken when the trainer was started. */
  readonly step: number
}

/** All weights in memory that is shared, or adapters of them in this thread's own. @throws ShoalError CHECKPOINT_INCOMPATIBLE for a state of another size */
export function trainedMemory ({ model, seed, state, sharedWeights, sharedIntegers }: WorkerInput, { bytes }: ScalarSettings): TrainedMemory {
  if (bytes?.method.adapters === undefined) {
    const start = state ?? genesisState(model, seed)
    checkState(start, sharedWeights.length)
    sharedWeights.set(start.weights)
    return { memory: { base: sharedWeights, integers: sharedIntegers }, lift: trained => trained, step: start.step }
  }
  const { method } = bytes
  const factors = trainedStart({ method, model, seed })
  if (state !== undefined) {
    checkState(state, factors.length)
    factors.set(state.weights)
  }
  sharedWeights.set(genesisWeights(model, seed))
  return { memory: { base: factors, integers: new Int32Array(factors.length) }, lift: trainedModel(method, model, heldWeights(sharedWeights)), step: state?.step ?? 0 }
}
