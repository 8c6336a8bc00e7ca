import type { Tensor } from '@tensorflow/tfjs-core'
import { crossEntropy } from '../kernels/fused-operations.ts'
import type { ModelSpec } from '../manifest/schema.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { gptLogits } from './gpt.ts'
import type { Parameters } from './gpt.ts'
import { modelLayout } from './gpt-layout.ts'

/** A model as pure functions of its parameters, which come as one tensor a slot of the layout, in that order. */
export interface Model {
  readonly spec: ModelSpec
  readonly layout: ParameterLayout
  /** @param tokens int32 [batch, length]; @returns [batch · length, vocabulary] */
  logits (parameters: readonly Tensor[], tokens: Tensor): Tensor
  /** Mean nats per token of `targets` int32 [batch · length]; a scalar. */
  loss (parameters: readonly Tensor[], tokens: Tensor, targets: Tensor): Tensor
}

export function createModel (spec: ModelSpec): Model {
  const layout = modelLayout(spec)
  const indexOf = new Map(layout.slots.map((slot, index) => [slot.name, index]))
  const named = (tensors: readonly Tensor[]): Parameters => name => {
    const tensor = tensors[indexOf.get(name) ?? -1]
    if (tensor === undefined) throw new RangeError(`the model has no parameter ${name}`)
    return tensor
  }
  const logits = (parameters: readonly Tensor[], tokens: Tensor): Tensor => gptLogits(spec, named(parameters), tokens)
  return { spec, layout, logits, loss: (parameters, tokens, targets) => crossEntropy(logits(parameters, tokens), targets) }
}
