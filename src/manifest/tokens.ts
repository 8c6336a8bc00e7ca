import { targetsPerRowOf } from './model-kind.ts'
import type { RunManifest } from './schema.ts'

/** Tokens, or examples, that one peer trains on in an inner step. */
export function tokensPerStepOf ({ model, inner }: Pick<RunManifest, 'model' | 'inner'>): number {
  return targetsPerRowOf(model) * inner.batch * (inner.accumulate ?? 1)
}
