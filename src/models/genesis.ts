import type { ModelSpec } from '../manifest/schema.ts'
import { viewOf } from '../parameters/layout.ts'
import { fillGaussian } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'
import { modelLayout, modelParameters } from './model-layout.ts'

/**
 * The weights with which every peer of a run begins: a function of the model and the seed, the same bits on every
 * machine, so nobody downloads step 0. Each parameter draws from its own row of words.
 *
 * @param seed 32-bit natural
 */
export function genesisWeights (spec: ModelSpec, seed: number): Float32Array {
  const layout = modelLayout(spec)
  const weights = new Float32Array(layout.size)
  const plans = modelParameters(spec)
  layout.slots.forEach((slot, index) => {
    const start = plans[index]?.start
    if (start?.kind === 'constant') viewOf(weights, slot).fill(start.value)
    if (start?.kind === 'gaussian') fillGaussian(viewOf(weights, slot), words(seed, STREAMS.genesis, index), start.standardDeviation)
  })
  return weights
}
