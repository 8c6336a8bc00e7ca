import { reasonOf } from '../errors.ts'
import type { KSeedSpec, OneByteSpec } from '../manifest/scalar-schema.ts'
import type { RunManifest } from '../manifest/schema.ts'
import { modelLayout } from '../models/model-layout.ts'
import { adaptersOf } from './low-rank-weights.ts'
import { WITHOUT_END } from './places.ts'
import { scheduleOf } from './schedules.ts'
import type { Schedule } from './schedules.ts'

/** A method whose peers measure scalars by two forward passes. */
export type MeasuredSpec = OneByteSpec | KSeedSpec

/** ε and η of a method by the step. @param share what one peer's scalar counts for */
export function schedulesOf ({ epsilon, epsilonDecay, learningRate, decay, warmup }: MeasuredSpec, steps: number, share = 1): { readonly epsilon: Schedule, readonly learningRate: Schedule } {
  return { epsilon: scheduleOf({ first: epsilon, decay: epsilonDecay ?? 'constant', steps }), learningRate: scheduleOf({ first: learningRate * share, decay, warmup, steps }) }
}

/** What a method's variants contradict, each in a sentence. @param steps of the run, 0 for one without an end; undefined where they are not known yet */
export function variantBreaches (method: MeasuredSpec, steps: number | undefined): string[] {
  return [...steps === undefined ? [] : scheduleBreaches(method, steps), ...method.kind === 'one-byte' ? [...momentumBreaches(method), ...steps === undefined ? [] : sharingBreaches(method, steps)] : []]
}

function sharingBreaches ({ passes, window }: OneByteSpec, steps: number): string[] {
  return passes === undefined || steps === WITHOUT_END || steps % window === 0 ? [] : [`partners measure whole packs of ${window} steps, and the run’s ${steps} are no multiple of them`]
}

/** What a method contradicts in the model or the data of its run, in a sentence each. */
export function modelBreaches (method: OneByteSpec, run: Pick<RunManifest, 'model' | 'genesis' | 'data'>): string[] {
  return [...adapterBreaches(method, run), ...method.passes === undefined ? [] : dataBreaches(run)]
}

/** Both passes of a step are measured on one batch. */
function dataBreaches ({ data }: Pick<RunManifest, 'data'>): string[] {
  if (data.corpus === 'own') return ['partners measure on one batch, and with --own-shard every peer’s data stays at home: --passes own']
  return data.shards === 1 ? [] : [`partners measure on one batch, and the run’s data is dealt out in ${data.shards} shards: --shards 1`]
}

function adapterBreaches ({ adapters, sparse }: OneByteSpec, { model, genesis }: Pick<RunManifest, 'model' | 'genesis'>): string[] {
  if (adapters === undefined) return []
  if (sparse !== undefined) return ['a mask leaves out weights, and adapters are few already: --sparse or --adapter-rank']
  if (genesis !== undefined) return ['the weights beside which adapters lie are made from the seed by every peer, and the run begins with imported ones']
  try {
    adaptersOf(modelLayout(model), adapters.rank)
    return []
  } catch (error) {
    return [reasonOf(error)]
  }
}

function scheduleBreaches ({ decay, warmup, epsilonDecay }: MeasuredSpec, steps: number): string[] {
  const needsEnd = [...decay === 'cosine' ? ['a cosine'] : [], ...epsilonDecay === undefined ? [] : ['a falling ε']]
  if (steps === 0) return needsEnd.map(what => `${what} needs an end to fall to: --steps`)
  return warmup === undefined || warmup < steps ? [] : [`a rate that rises for ${warmup} steps never falls within the run’s ${steps}`]
}

function momentumBreaches ({ momentum, window, snapshotEvery }: OneByteSpec): string[] {
  return momentum === undefined || snapshotEvery > window ? [] : [`no momentum outlives a snapshot, and one every ${snapshotEvery} steps leaves it no second window of ${window}`]
}

/** How a method's variants are at a step, a few words each. @param steps of the run */
export function variantRemarks (method: MeasuredSpec, step: number, steps: number): string[] {
  const { warmup, decay, epsilonDecay } = method
  const { directions = 1, momentum, adapters } = method.kind === 'one-byte' ? method : {}
  const { learningRate, epsilon } = schedulesOf(method, steps)
  return [
    ...adapters === undefined ? [] : [`adapters of rank ${adapters.rank}`],
    ...directions === 1 ? [] : [`${directions} directions a step`],
    ...momentum === undefined ? [] : [`momentum ${momentum}`],
    ...warmup === undefined && decay !== 'cosine' ? [] : [`η ${learningRate(step).toPrecision(3)}`],
    ...epsilonDecay === undefined ? [] : [`ε ${epsilon(step).toPrecision(3)}`]
  ]
}

/** What the variants of a method do, a sentence each. */
export function variantSentences (method: MeasuredSpec): string[] {
  const { sparse, form, privacy, warmup, decay, epsilonDecay } = method
  const { directions = 1, momentum, adapters, passes } = method.kind === 'one-byte' ? method : {}
  return [
    ...passes === undefined ? [] : ['Two peers share the two passes of a step, at weights that stand still for a pack and follow one pack later; each tells its losses in three bytes, and two that fit make a byte.'],
    ...adapters === undefined ? [] : [`Low-rank factors beside the model’s matrices are all that moves, of rank ${adapters.rank}; its own weights stay as the seed made them.`],
    ...directions === 1 ? [] : [`A step averages over ${directions} directions, a byte each.`],
    ...momentum === undefined ? [] : [`What a byte moves is spread over the windows that follow, each ${momentum} of the one before, and is all made by the next snapshot.`],
    ...warmup === undefined ? [] : [`η rises over the first ${warmup} steps.`],
    ...decay === 'cosine' ? ['η falls along half a cosine.'] : [],
    ...epsilonDecay === undefined ? [] : [`ε falls to a tenth ${epsilonDecay === 'linear' ? 'in a line' : 'along half a cosine'}.`],
    ...sparse === undefined ? [] : [`Directions move one weight in ${2 ** sparse.halvings}, those of mask ${sparse.mask}.`],
    ...form === undefined ? [] : ['Of each scalar its sign alone is told.'],
    ...privacy === undefined ? [] : [`Scalars are clipped at ±${privacy.clip}, and told with Gaussian noise of ${privacy.noiseMultiplier} times that.`]
  ]
}
