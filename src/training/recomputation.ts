import { crossEntropy } from '../kernels/fused-operations.ts'
import { tf } from '../kernels/tensor.ts'
import type { Scalar, Tensor } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'

/** Mean nats per target, and one gradient a parameter. A type and no interface, so that it can leave a tidy. */
export type LossAndGradients = { readonly value: Scalar, readonly grads: Tensor[] }

/** A stage with what it is given, ready to run. */
interface Link {
  readonly input: Tensor
  readonly run: () => Tensor
}

/**
 * Loss and gradients with little memory: the forward pass keeps each stage's input alone, and the backward pass computes a
 * stage again to differentiate it (Chen et al., arXiv 1604.06174). The same operations on the same values, added up in
 * the same order as by one tape over everything, so the same bits.
 *
 * @param parameters one tensor a slot; they, inputs and targets stay the caller's
 */
export function recomputedGradients (model: Model, parameters: Tensor[], inputs: Tensor, targets: Tensor): LossAndGradients {
  return tf.tidy(() => {
    const links = forward(model, parameters, inputs, targets)
    const sums = new Map<number, Tensor>()
    let loss: Tensor | undefined
    let slope: Tensor | undefined
    for (const { input, run } of links.reverse()) {
      const isFirst = input === inputs
      const { value, grads } = tf.engine().gradients(run, isFirst ? parameters : [input, ...parameters], slope, true)
      addTo(sums, isFirst ? grads : grads.slice(1))
      tf.dispose([slope, loss === undefined ? undefined : value, isFirst ? undefined : input].filter(tensor => tensor !== undefined))
      loss ??= value
      slope = isFirst ? undefined : grads[0]
    }
    return { value: present(loss, 'loss') as Scalar, grads: parameters.map((_, index) => present(sums.get(index), `gradient of parameter ${index}`)) }
  })
}

/** Runs every stage but the last, whose result is the loss. */
function forward (model: Model, parameters: readonly Tensor[], inputs: Tensor, targets: Tensor): Link[] {
  const named = model.named(parameters)
  const stages = model.stages(inputs)
  let input = inputs
  return stages.map((stage, index) => {
    const own = input
    if (index === stages.length - 1) return { input: own, run: () => crossEntropy(stage(named, own), targets) }
    const run = (): Tensor => stage(named, own)
    input = tf.tidy(run)
    return { input: own, run }
  })
}

/** Adds the gradients of one stage; it has none for the parameters of others. */
function addTo (sums: Map<number, Tensor>, gradients: ReadonlyArray<Tensor | undefined>): void {
  gradients.forEach((gradient, index) => {
    if (gradient === undefined) return
    const before = sums.get(index)
    sums.set(index, before === undefined ? gradient : tf.add(before, gradient))
    if (before !== undefined) tf.dispose([before, gradient])
  })
}

function present (tensor: Tensor | undefined, what: string): Tensor {
  if (tensor === undefined) throw new RangeError(`there is no ${what}`)
  return tensor
}
