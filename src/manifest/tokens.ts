import type { RunManifest } from './schema.ts'

/** Tokens that one peer trains on in an inner step. */
export function tokensPerStepOf ({ model, inner }: Pick<RunManifest, 'model' | 'inner'>): number {
  return model.context * inner.batch * (inner.accumulate ?? 1)
}
