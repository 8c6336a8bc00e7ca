import type { CnnSpec } from '../manifest/schema.ts'
import { layerPlans } from './mlp-parameters.ts'
import { ones, weights, zeros } from './parameter-plan.ts'
import type { ParameterPlan } from './parameter-plan.ts'

/** Values of a channel that a 3 × 3 filter sees. */
const FILTER_AREA = 9

/** Parameters of a CNN in the order of the flat vector. */
export function cnnParameters ({ channels, filters, classes }: CnnSpec): ParameterPlan[] {
  const stages = filters.flatMap((count, index): ParameterPlan[] => [
    ...layerPlans(`layer.${index}.filters`, FILTER_AREA * (filters[index - 1] ?? channels), count),
    { name: `layer.${index}.norm.gain`, shape: [count], start: ones },
    { name: `layer.${index}.norm.bias`, shape: [count], start: zeros }
  ])
  return [...stages, ...layerPlans('head', filters.at(-1) ?? channels, classes, weights)]
}
