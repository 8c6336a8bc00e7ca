import type { ModelSpec } from '../manifest/schema.ts'
import { createLayout } from '../parameters/layout.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { gptParameters } from './gpt-parameters.ts'
import { llamaParameters } from './llama-parameters.ts'
import type { ParameterPlan } from './parameter-plan.ts'

/** Parameters of a model in the order of the flat vector. */
export function modelParameters (spec: ModelSpec): ParameterPlan[] {
  switch (spec.kind) {
    case 'gpt': return gptParameters(spec)
    case 'llama': return llamaParameters(spec)
  }
}

/** Where each parameter of the model lies in its flat vector. Needs no tensor library. */
export function modelLayout (spec: ModelSpec): ParameterLayout {
  return createLayout(modelParameters(spec))
}
