import { keepsMomentum, sharesOf } from '../averaging/arithmetic/method-traits.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { CHUNK_VALUES, ChunkPlan } from './chunk-plan.ts'

/** Whether all chunks of a method's replica are to be of one content: members share their weights to the bit, or train apart and cannot be mixed. */
export function isOneContent (method: MethodSpec): boolean {
  return sharesOf(method) !== 'weights' || trainApart(method)
}

/** Whether the method keeps replicas together, so that others can tell what to expect. */
export function isAttestable (method: MethodSpec): boolean {
  return !trainApart(method)
}

/** How replicas of so many parameters are cut; outer momentum comes along where the method keeps any. */
export function planOf ({ outer }: MethodSpec, values: number, chunkValues = CHUNK_VALUES): ChunkPlan {
  return new ChunkPlan(values, keepsMomentum(outer) ? 2 : 1, chunkValues)
}

function trainApart ({ groupSize }: MethodSpec): boolean {
  return groupSize === 1
}
