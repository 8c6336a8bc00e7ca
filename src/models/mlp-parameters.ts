import type { MlpSpec } from '../manifest/schema.ts'
import { scaledWeights, weights, zeros } from './parameter-plan.ts'
import type { Initialiser, ParameterPlan } from './parameter-plan.ts'

/** Parameters of an MLP in the order of the flat vector. */
export function mlpParameters ({ inputs, hidden, classes }: MlpSpec): ParameterPlan[] {
  const layers = hidden.flatMap((width, index) => layerPlans(`layer.${index}`, hidden[index - 1] ?? inputs, width))
  return [...layers, ...layerPlans('head', hidden.at(-1) ?? inputs, classes, weights)]
}

/** An affine map from `inputs` values to `outputs`. */
export function layerPlans (name: string, inputs: number, outputs: number, start: Initialiser = scaledWeights(inputs)): ParameterPlan[] {
  return [
    { name: `${name}.weight`, shape: [inputs, outputs], start },
    { name: `${name}.bias`, shape: [outputs], start: zeros }
  ]
}
