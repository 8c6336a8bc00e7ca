import type { LlamaSpec } from '../manifest/schema.ts'
import { ones, residualWeights, weights } from './parameter-plan.ts'
import type { ParameterPlan } from './parameter-plan.ts'

/** Parameters of a Llama in the order of the flat vector. A head that is tied to the embedding has none of its own. */
export function llamaParameters (spec: LlamaSpec): ParameterPlan[] {
  const { layers, width, vocabulary, tied } = spec
  return [
    { name: 'embedding.token', shape: [vocabulary, width], start: weights },
    ...Array.from({ length: layers }, (_, layer) => layerParameters(layer, spec)).flat(),
    { name: 'norm.gain', shape: [width], start: ones },
    ...tied ? [] : [{ name: 'head.weight', shape: [vocabulary, width], start: weights }]
  ]
}

function layerParameters (layer: number, { layers, width, heads, groups, hidden }: LlamaSpec): ParameterPlan[] {
  const residual = residualWeights(layers)
  const plans: ParameterPlan[] = [
    { name: 'attention.norm.gain', shape: [width], start: ones },
    { name: 'attention.qkv.weight', shape: [width, (heads + 2 * groups) * width / heads], start: weights },
    { name: 'attention.out.weight', shape: [width, width], start: residual },
    { name: 'mlp.norm.gain', shape: [width], start: ones },
    { name: 'mlp.in.weight', shape: [width, 2 * hidden], start: weights },
    { name: 'mlp.out.weight', shape: [hidden, width], start: residual }
  ]
  return plans.map(plan => ({ ...plan, name: `layer.${layer}.${plan.name}` }))
}
