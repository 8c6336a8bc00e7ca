import { ShoalError } from '../errors.ts'
import type { ModelSpec } from '../manifest/schema.ts'
import { genesisWeights } from '../models/genesis.ts'

/**
 * All that training depends on besides the run's manifest and the shard. The step number is also the data cursor and the
 * position of every random stream.
 */
export interface TrainerState {
  /** Inner steps taken. */
  readonly step: number
  /** θ, flat. */
  readonly weights: Float32Array
  /** AdamW's running mean of gradients, and of their squares; the others keep their momentum in the first, and nothing in the second. */
  readonly firstMoment: Float32Array
  readonly secondMoment: Float32Array
  /** Where batches grow: passes of the next step, and tokens trained on since step 0. */
  readonly growth?: { readonly passes: number, readonly tokens: number }
}

/** @param seed 32-bit natural */
export function genesisState (spec: ModelSpec, seed: number): TrainerState {
  const weights = genesisWeights(spec, seed)
  return { step: 0, weights, firstMoment: new Float32Array(weights.length), secondMoment: new Float32Array(weights.length) }
}

/** @throws ShoalError CHECKPOINT_INCOMPATIBLE when a vector does not have the model's size or holds a value that is not finite */
export function checkState (state: TrainerState, size: number): void {
  const vectors = { weights: state.weights, firstMoment: state.firstMoment, secondMoment: state.secondMoment }
  for (const [name, vector] of Object.entries(vectors)) {
    if (vector.length !== size) throw incompatible(`${name} has ${vector.length} values, the model ${size}`)
    if (!vector.every(Number.isFinite)) throw incompatible(`${name} holds a value that is not finite`)
  }
  const { growth } = state
  if (growth !== undefined && !(Number.isSafeInteger(growth.passes) && growth.passes >= 1 && Number.isSafeInteger(growth.tokens))) throw incompatible(`its steps have ${growth.passes} passes`)
  if (!Number.isSafeInteger(state.step) || state.step < 0) throw incompatible(`it is at step ${state.step}`)
}

function incompatible (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE',
    what: 'the training state does not fit this model',
    why,
    tryThis: 'use a checkpoint of this run, or start without one'
  })
}
