import { crossEntropy } from '../kernels/fused-operations.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { ModelSpec } from '../manifest/schema.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { cnnStages } from './cnn.ts'
import { gptStages } from './gpt.ts'
import { llamaStages, rotaryAngles } from './llama.ts'
import { mlpStages } from './mlp.ts'
import { modelLayout } from './model-layout.ts'
import type { Parameters, Stage } from './stage.ts'

/**
 * A model as pure functions of its parameters, which come as one tensor a slot of the layout, in that order. Inputs are int32
 * [batch, length] tokens, or float32 [rows, features] examples.
 */
export interface Model {
  readonly spec: ModelSpec
  readonly layout: ParameterLayout
  /** The chain from these inputs to their logits. */
  stages (inputs: Tensor): Stage[]
  /** A parameter of those given by its name. */
  named (parameters: readonly Tensor[]): Parameters
  /** @returns [targets, classes]: tokens of the vocabulary are classes too */
  logits (parameters: readonly Tensor[], inputs: Tensor): Tensor
  /** Mean nats per target, int32 [targets]; a scalar. */
  loss (parameters: readonly Tensor[], inputs: Tensor, targets: Tensor): Tensor
}

export function createModel (spec: ModelSpec): Model {
  const layout = modelLayout(spec)
  const indexOf = new Map(layout.slots.map((slot, index) => [slot.name, index]))
  const named = (tensors: readonly Tensor[]): Parameters => name => {
    const tensor = tensors[indexOf.get(name) ?? -1]
    if (tensor === undefined) throw new RangeError(`the model has no parameter ${name}`)
    return tensor
  }
  const stages = stagesOf(spec)
  const logits = (tensors: readonly Tensor[], inputs: Tensor): Tensor => {
    const parameters = named(tensors)
    return stages(inputs).reduce((values, stage) => stage(parameters, values), inputs)
  }
  return { spec, layout, stages, named, logits, loss: (parameters, inputs, targets) => crossEntropy(logits(parameters, inputs), targets) }
}

/** What does not depend on parameters or inputs is computed once. */
function stagesOf (spec: ModelSpec): (inputs: Tensor) => Stage[] {
  switch (spec.kind) {
    case 'gpt': return tokens => gptStages(spec, tokens)
    case 'llama': {
      const angles = rotaryAngles(spec)
      return tokens => llamaStages(spec, tokens, angles)
    }
    case 'mlp': return () => mlpStages(spec)
    case 'cnn': return images => cnnStages(spec, images)
  }
}
