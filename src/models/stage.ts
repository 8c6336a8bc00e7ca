import type { Tensor } from '../kernels/tensor.ts'

/** Gives a parameter by its name in the layout. */
export type Parameters = (name: string) => Tensor

/**
 * One link of the chain that a model is: a function of its parameters and of what the link before gave. Gradients reach
 * other links through its input alone, so any link can be computed again where its input was kept.
 */
export type Stage = (parameters: Parameters, input: Tensor) => Tensor
