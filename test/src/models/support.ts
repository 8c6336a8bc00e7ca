import { tf } from '../../../src/kernels/tensor.ts'
import type { Scalar, Tensor } from '../../../src/kernels/tensor.ts'
import type { Model } from '../../../src/models/model.ts'
import { viewOf } from '../../../src/parameters/layout.ts'

/** A flat vector as one tensor a slot. */
export function upload (model: Model, weights: Float32Array): Tensor[] {
  return model.layout.slots.map(slot => tf.tensor(viewOf(weights, slot).slice(), [...slot.shape]))
}

export function logitsOf (model: Model, weights: Float32Array, ids: readonly number[]): number[] {
  return tf.tidy(() => [...model.logits(upload(model, weights), tf.tensor2d([...ids], [1, ids.length], 'int32')).dataSync()])
}

/** Two rows of tokens and of those that follow. */
export interface Rows { readonly tokens: readonly number[], readonly targets: readonly number[] }

export function lossOf (model: Model, weights: Float32Array, { tokens, targets }: Rows): number {
  return tf.tidy(() => model.loss(upload(model, weights), tf.tensor2d([...tokens], [2, tokens.length / 2], 'int32'), tf.tensor1d([...targets], 'int32')).dataSync()[0]!)
}

export function gradientOf (model: Model, weights: Float32Array, { tokens, targets }: Rows): { loss: number, gradient: number[] } {
  return tf.tidy(() => {
    const [ids, next] = [tf.tensor2d([...tokens], [2, tokens.length / 2], 'int32'), tf.tensor1d([...targets], 'int32')]
    const { value, grads } = tf.valueAndGrads((...parameters) => model.loss(parameters, ids, next) as Scalar)(upload(model, weights))
    return { loss: value.dataSync()[0]!, gradient: grads.flatMap(gradient => [...gradient.dataSync()]) }
  })
}

/** Examples and their classes. */
export interface Examples { readonly inputs: Float32Array, readonly targets: readonly number[] }

function placed ({ inputs, targets }: Examples): [Tensor, Tensor] {
  return [tf.tensor2d(inputs, [targets.length, inputs.length / targets.length]), tf.tensor1d([...targets], 'int32')]
}

export function exampleLogits (model: Model, weights: Float32Array, examples: Examples): number[] {
  return tf.tidy(() => [...model.logits(upload(model, weights), placed(examples)[0]).dataSync()])
}

export function exampleLoss (model: Model, weights: Float32Array, examples: Examples): number {
  return tf.tidy(() => model.loss(upload(model, weights), ...placed(examples)).dataSync()[0]!)
}

export function exampleGradient (model: Model, weights: Float32Array, examples: Examples): { loss: number, gradient: number[] } {
  return tf.tidy(() => {
    const [inputs, targets] = placed(examples)
    const { value, grads } = tf.valueAndGrads((...parameters) => model.loss(parameters, inputs, targets) as Scalar)(upload(model, weights))
    return { loss: value.dataSync()[0]!, gradient: grads.flatMap(gradient => [...gradient.dataSync()]) }
  })
}
