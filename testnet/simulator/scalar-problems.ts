import { fillGaussian, fraction, integerBelow } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { readAll } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'

/** Something small to learn whose losses are known. */
export interface ScalarProblem {
  readonly start: Float32Array
  /** Mean loss of one peer's batch of one step. */
  batchLoss (weights: WeightSource, peer: number, step: number): number
  /** What training is after, in nats or squared distance. */
  loss (weights: Float32Array): number
  /** The least that `loss` can be, as far as known. */
  readonly floor: number
}

/** One whose slope is known, too. */
export interface SlopedProblem extends ScalarProblem {
  /** A step of gradient descent, in place. */
  descend (weights: Float32Array): void
}

const STREAM = 401
/** Of a step of gradient descent. */
const RATE = 0.2

/** ½‖θ − θ*‖², the same for everybody: there the projected gradient is exact and the loss of every step is known in expectation. */
export function quadraticProblem (size: number, seed: number): SlopedProblem {
  const optimum = new Float32Array(size)
  fillGaussian(optimum, words(seed, STREAM), 1)
  const loss = (weights: Float32Array): number => weights.reduce((sum, value, index) => sum + 0.5 * (value - (optimum[index] as number)) ** 2, 0)
  const descend = (weights: Float32Array): void => {
    for (const [index, target] of optimum.entries()) weights[index] = (weights[index] as number) + RATE * (target - (weights[index] as number))
  }
  return { start: new Float32Array(size), batchLoss: weights => loss(readAll(weights)), loss, descend, floor: 0 }
}

const EXAMPLES = 2000
const BATCH = 32

/** Logistic regression on bell-shaped inputs with labels drawn from a known model: every peer has random batches of half of the examples; the other half is held out. */
export function logisticProblem (features: number, seed: number, batch = BATCH): ScalarProblem {
  const truth = new Float32Array(features)
  const inputs = new Float32Array(EXAMPLES * features)
  fillGaussian(truth, words(seed, STREAM, 1), 1)
  fillGaussian(inputs, words(seed, STREAM, 2), 1)
  const coin = words(seed, STREAM, 3)
  const score = (weights: Float32Array, example: number): number => {
    let sum = 0
    for (let feature = 0; feature < features; feature++) sum += (weights[feature] as number) * (inputs[example * features + feature] as number)
    return sum
  }
  const labels = Array.from({ length: EXAMPLES }, (_, example) => fraction(coin) < 1 / (1 + Math.exp(-score(truth, example))))
  const meanLoss = (weights: Float32Array, examples: readonly number[]): number =>
    examples.reduce((sum, example) => sum + Math.log1p(Math.exp((labels[example] === true ? -1 : 1) * score(weights, example))), 0) / examples.length
  const heldOut = Array.from({ length: EXAMPLES / 2 }, (_, index) => EXAMPLES / 2 + index)
  return {
    start: new Float32Array(features),
    batchLoss (weights, peer, step) {
      const source = words(seed + 1 + peer, STREAM, 4 + step)
      return meanLoss(readAll(weights), Array.from({ length: batch }, () => integerBelow(source, EXAMPLES / 2)))
    },
    loss: weights => meanLoss(weights, heldOut),
    floor: meanLoss(truth, heldOut)
  }
}
