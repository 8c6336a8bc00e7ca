import type { GptSpec } from '../manifest/schema.ts'
import { ones, residualWeights, weights, zeros } from './parameter-plan.ts'
import type { ParameterPlan } from './parameter-plan.ts'

/** The MLP's hidden width over the model's. */
const MLP_EXPANSION = 4

/** Parameters of a GPT in the order of the flat vector. */
export function gptParameters (spec: GptSpec): ParameterPlan[] {
  const { layers, width, context, vocabulary } = spec
  return [
    { name: 'embedding.token', shape: [vocabulary, width], start: weights },
    { name: 'embedding.position', shape: [context, width], start: weights },
    ...Array.from({ length: layers }, (_, layer) => layerParameters(layer, spec)).flat(),
    { name: 'norm.gain', shape: [width], start: ones },
    { name: 'norm.bias', shape: [width], start: zeros }
  ]
}

function layerParameters (layer: number, { layers, width }: GptSpec): ParameterPlan[] {
  const residual = residualWeights(layers)
  const hidden = MLP_EXPANSION * width
  const plans: ParameterPlan[] = [
    { name: 'attention.norm.gain', shape: [width], start: ones },
    { name: 'attention.norm.bias', shape: [width], start: zeros },
    { name: 'attention.qkv.weight', shape: [width, 3 * width], start: weights },
    { name: 'attention.qkv.bias', shape: [3 * width], start: zeros },
    { name: 'attention.out.weight', shape: [width, width], start: residual },
    { name: 'attention.out.bias', shape: [width], start: zeros },
    { name: 'mlp.norm.gain', shape: [width], start: ones },
    { name: 'mlp.norm.bias', shape: [width], start: zeros },
    { name: 'mlp.in.weight', shape: [width, hidden], start: weights },
    { name: 'mlp.in.bias', shape: [hidden], start: zeros },
    { name: 'mlp.out.weight', shape: [hidden, width], start: residual },
    { name: 'mlp.out.bias', shape: [width], start: zeros }
  ]
  return plans.map(plan => ({ ...plan, name: `layer.${layer}.${plan.name}` }))
}
