import type { ClassifierSpec, ModelSpec, TextSpec } from './schema.ts'

/** Whether a model writes text: it has a context and a vocabulary. The others sort examples into classes. */
export function isTextModel (spec: ModelSpec): spec is TextSpec {
  return spec.kind === 'gpt' || spec.kind === 'llama'
}

/** Features of one example of a classifier. */
export function featuresOf (spec: ClassifierSpec): number {
  return spec.kind === 'mlp' ? spec.inputs : spec.height * spec.width * spec.channels
}

/** Inputs of one row of a batch: tokens of a context, or features of an example. */
export function rowLengthOf (spec: ModelSpec): number {
  return isTextModel(spec) ? spec.context : featuresOf(spec)
}

/** What one row of a batch is judged by: the token after each of its tokens, or one class. */
export function targetsPerRowOf (spec: ModelSpec): number {
  return isTextModel(spec) ? spec.context : 1
}
