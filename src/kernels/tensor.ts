/** The one place that names the tensor library; its engine is global, so everyone must get the same instance. */
export * as tf from '@tensorflow/tfjs-core'
export type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
