import { gelu, linear } from '../kernels/fused-operations.ts'
import type { MlpSpec } from '../manifest/schema.ts'
import type { Stage } from './stage.ts'

/** A multilayer perceptron with GELU after each hidden layer: the chain from features [rows, inputs] to logits [rows, classes]. */
export function mlpStages ({ hidden }: MlpSpec): Stage[] {
  const layer = (index: number): Stage => (parameters, x) => gelu(linear(x, parameters(`layer.${index}.weight`), parameters(`layer.${index}.bias`)))
  return [...hidden.map((_, index) => layer(index)), classHead]
}

/** @returns logits [rows, classes] */
export const classHead: Stage = (parameters, x) => linear(x, parameters('head.weight'), parameters('head.bias'))
