import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorKernels, TrainedTensor } from '../kernels/register.ts'
import { tf } from '../kernels/tensor.ts'
import type { TensorSlot } from '../parameters/layout.ts'

/** Coefficients and number of the quintic Newton–Schulz steps (Jordan et al. 2024, "Muon"): singular values end within about 0.7 and 1.2. */
const [LINEAR, CUBIC, QUINTIC] = [3.4445, -4.7750, 2.0315]
const ITERATIONS = 5
/** Keeps the matrix 0 at 0. */
const SMALLEST_NORM = 1e-7
/** Gives an update AdamW's typical size, so that one learning rate serves both (Liu et al., arXiv 2502.16982, equation 4). */
const ADAMW_SIZE = 0.2

export interface MuonCoefficients {
  readonly scale: number
  readonly momentum: number
  readonly learningRate: number
  readonly keep: number
}

/** Muon is for matrices within layers; embeddings, head, gains and biases are AdamW's (Jordan et al. 2024). */
export function isHiddenMatrix (slot: TensorSlot): boolean {
  return slot.shape.length === 2 && slot.name.startsWith('layer.')
}

/** One Muon step of a matrix, with Nesterov momentum, which is `first`: m ← μm + g, w ← keep·w − rate · NS(g + μm). */
export function muonStep (kernels: TensorKernels, trained: TrainedTensor, gradient: Tensor, coefficients: MuonCoefficients): void {
  const { scale, momentum, learningRate, keep } = coefficients
  const { weights, first } = trained
  const rate = learningRate * ADAMW_SIZE * Math.sqrt(Math.max(...weights.shape))
  tf.tidy(() => {
    const slope = tf.mul(gradient, scale)
    const newFirst = tf.add(tf.mul(first, momentum), slope)
    const direction = orthogonalise(tf.add(slope, tf.mul(newFirst, momentum)))
    const newWeights = tf.sub(tf.mul(weights, keep), tf.mul(direction, rate))
    kernels.replace(trained, 'first', newFirst)
    kernels.replace(trained, 'weights', newWeights)
  })
}

/**
 * Nearly U·Vᵀ of a matrix U·S·Vᵀ: X ← aX + (bXXᵀ + c(XXᵀ)²)X, with the products on the shorter side.
 *
 * @param matrix [rows, columns]
 */
export function orthogonalise (matrix: Tensor): Tensor {
  const [rows = 0, columns = 0] = matrix.shape
  const isTall = rows > columns
  let x = tf.div(matrix, tf.add(tf.sqrt(tf.sum(tf.square(matrix))), SMALLEST_NORM))
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const square = isTall ? tf.matMul(x, x, true, false) : tf.matMul(x, x, false, true)
    const polynomial = tf.add(tf.mul(square, CUBIC), tf.mul(tf.matMul(square, square), QUINTIC))
    x = tf.add(tf.mul(x, LINEAR), isTall ? tf.matMul(x, polynomial) : tf.matMul(polynomial, x))
  }
  return x
}
