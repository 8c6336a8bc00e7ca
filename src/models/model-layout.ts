import type { ModelSpec } from '../manifest/schema.ts'
import { createLayout } from '../parameters/layout.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { cnnParameters } from './cnn-parameters.ts'
import { gptParameters } from './gpt-parameters.ts'
import { llamaParameters } from './llama-parameters.ts'
import { mlpParameters } from './mlp-parameters.ts'
import type { ParameterPlan } from './parameter-plan.ts'

/** Parameters of a model in the order of the flat vector. */
export function modelParameters (spec: ModelSpec): ParameterPlan[] {
  switch (spec.kind) {
    case 'gpt': return gptParameters(spec)
    case 'llama': return llamaParameters(spec)
    case 'mlp': return mlpParameters(spec)
    case 'cnn': return cnnParameters(spec)
  }
}

/** Where each parameter of the model lies in its flat vector. Needs no tensor library. */
export function modelLayout (spec: ModelSpec): ParameterLayout {
  return createLayout(modelParameters(spec))
}

/** Number of values that a model learns. */
export function parameterCount (spec: ModelSpec): number {
  return modelLayout(spec).size
}
