import type { ModelSpec } from '../manifest/schema.ts'
import { createLayout } from '../parameters/layout.ts'
import type { ParameterLayout } from '../parameters/layout.ts'

/** How a parameter starts: all one value, or Gaussian with this standard deviation. */
export type Initialiser =
  | { readonly kind: 'constant', readonly value: number }
  | { readonly kind: 'gaussian', readonly standardDeviation: number }

interface ParameterPlan {
  readonly name: string
  readonly shape: readonly number[]
  readonly start: Initialiser
}

/** GPT-2's standard deviation of weights and embeddings (openai/gpt-2, `src/model.py` has 0.02 and 0.01 for positions; we keep 0.02). */
const DEVIATION = 0.02
/** The MLP's hidden width over the model's. */
export const MLP_EXPANSION = 4

const ones: Initialiser = { kind: 'constant', value: 1 }
const zeros: Initialiser = { kind: 'constant', value: 0 }
const weights: Initialiser = { kind: 'gaussian', standardDeviation: DEVIATION }

/** Parameters of a GPT in the order of the flat vector. */
export function gptParameters (spec: ModelSpec): ParameterPlan[] {
  const { layers, width, context, vocabulary } = spec
  return [
    { name: 'embedding.token', shape: [vocabulary, width], start: weights },
    { name: 'embedding.position', shape: [context, width], start: weights },
    ...Array.from({ length: layers }, (_, layer) => layerParameters(layer, spec)).flat(),
    { name: 'norm.gain', shape: [width], start: ones },
    { name: 'norm.bias', shape: [width], start: zeros }
  ]
}

function layerParameters (layer: number, { layers, width }: ModelSpec): ParameterPlan[] {
  // Each layer adds to the residual stream twice: 1/√(2·layers) keeps its variance from growing with depth (GPT-2 paper, 2.3).
  const residual: Initialiser = { kind: 'gaussian', standardDeviation: DEVIATION / Math.sqrt(2 * layers) }
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

/** Where each parameter of the model lies in its flat vector. Needs no tensor library. */
export function modelLayout (spec: ModelSpec): ParameterLayout {
  return createLayout(gptParameters(spec))
}
