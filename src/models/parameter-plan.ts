/** How a parameter starts: all one value, or Gaussian with this standard deviation. */
export type Initialiser =
  | { readonly kind: 'constant', readonly value: number }
  | { readonly kind: 'gaussian', readonly standardDeviation: number }

/** A parameter of a model before it has a place in a flat vector. */
export interface ParameterPlan {
  readonly name: string
  readonly shape: readonly number[]
  readonly start: Initialiser
}

/** GPT-2's standard deviation of weights and embeddings (openai/gpt-2, `src/model.py` has 0.02 and 0.01 for positions; we keep 0.02). */
const DEVIATION = 0.02

export const ones: Initialiser = { kind: 'constant', value: 1 }
export const zeros: Initialiser = { kind: 'constant', value: 0 }
export const weights: Initialiser = { kind: 'gaussian', standardDeviation: DEVIATION }

/** Keeps the size of activations from layer to layer: √(2 / inputs), for rectifiers and the like (He et al., arXiv 1502.01852, equation 10). */
export function scaledWeights (inputs: number): Initialiser {
  return { kind: 'gaussian', standardDeviation: Math.sqrt(2 / inputs) }
}

/** Each layer adds to the residual stream twice: 1/√(2·layers) keeps its variance from growing with depth (GPT-2 paper, 2.3). */
export function residualWeights (layers: number): Initialiser {
  return { kind: 'gaussian', standardDeviation: DEVIATION / Math.sqrt(2 * layers) }
}
