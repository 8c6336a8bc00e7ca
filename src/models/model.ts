import type { Tensor } from '@tensorflow/tfjs-core'
import { crossEntropy } from '../kernels/fused-operations.ts'
import type { ModelSpec } from '../manifest/schema.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { gptLogits } from './gpt.ts'
import type { Parameters } from './gpt.ts'
import { llamaLogits, rotaryAngles } from './llama.ts'
import { modelLayout } from './model-layout.ts'

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
  const forward = forwardOf(spec)
  const logits = (parameters: readonly Tensor[], tokens: Tensor): Tensor => forward(named(parameters), tokens)
  return { spec, layout, logits, loss: (parameters, tokens, targets) => crossEntropy(logits(parameters, tokens), targets) }
}

/** What does not depend on parameters or tokens is computed once. */
function forwardOf (spec: ModelSpec): (parameters: Parameters, tokens: Tensor) => Tensor {
  switch (spec.kind) {
    case 'gpt': return (parameters, tokens) => gptLogits(spec, parameters, tokens)
    case 'llama': {
      const angles = rotaryAngles(spec)
      return (parameters, tokens) => llamaLogits(spec, parameters, tokens, angles)
    }
  }
}
