import type { OneByteSpec } from '../manifest/scalar-schema.ts'
import type { ModelSpec } from '../manifest/schema.ts'
import { genesisWeights } from '../models/genesis.ts'
import { modelLayout } from '../models/model-layout.ts'
import { fillGaussian } from '../random/draw.ts'
import { words } from '../random/words.ts'
import { adaptedWeights, adaptersOf, startAdapters } from './low-rank-weights.ts'
import { heldWeights, readAll } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

/** Keeps the draws of factors apart from every other use of a run's seed. */
const ADAPTER_STREAM = 520

interface RunOfBytes {
  readonly method: OneByteSpec
  readonly model: ModelSpec
  /** Of the weights that the run begins with. */
  readonly seed: number
}

/** What a run of bytes moves at its start: the model's weights, or its adapters, of which B is zero and A has variance 1/columns; the same bits on every machine. */
export function trainedStart ({ method: { adapters }, model, seed }: RunOfBytes): Float32Array {
  if (adapters === undefined) return genesisWeights(model, seed)
  const source = words(seed, ADAPTER_STREAM)
  return startAdapters(adaptersOf(modelLayout(model), adapters.rank), (target, columns) => { fillGaussian(target, source, 1 / Math.sqrt(columns)) })
}

/** The model that what a run of bytes moves makes: itself, or base weights that nothing moves with the products of the factors beside them. @param base of a run with adapters */
export function trainedModel ({ adapters }: OneByteSpec, model: ModelSpec, base: WeightSource): (trained: WeightSource) => WeightSource {
  if (adapters === undefined) return trained => trained
  const parts = adaptersOf(modelLayout(model), adapters.rank)
  // factors are read many times in a pass, and few
  return factors => adaptedWeights(base, heldWeights(readAll(factors)), parts)
}

/** How many values a run of bytes moves. */
export function trainedSize ({ adapters }: OneByteSpec, model: ModelSpec): number {
  const layout = modelLayout(model)
  return adapters === undefined ? layout.size : adaptersOf(layout, adapters.rank).size
}
