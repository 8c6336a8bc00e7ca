import type { Clock, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { fillGaussian, integerBelow } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'

export const CLASSES = 8
export const FEATURES = 16
/** Weights of a replica: a row a class, its bias last. */
export const SOFTMAX_PARAMETERS = CLASSES * (FEATURES + 1)

const BATCH = 8
const LEARNING_RATE = 0.05
/** Half of the distance between classes: some examples lie on the wrong side, so that the loss has a floor and noise matters. */
const SPREAD = 1.2

/** Where each class lies, the same for everybody who draws from the same words. */
export function drawCenters (random: Words): Float32Array {
  const centers = new Float32Array(CLASSES * FEATURES)
  fillGaussian(centers, random, 1)
  return centers
}

export interface LabelledExamples {
  readonly inputs: Float32Array
  readonly labels: Uint8Array
}

export function drawExamples (centers: Float32Array, count: number, random: Words): LabelledExamples {
  const inputs = new Float32Array(count * FEATURES)
  fillGaussian(inputs, random, SPREAD)
  const labels = Uint8Array.from({ length: count }, () => integerBelow(random, CLASSES))
  for (let at = 0; at < inputs.length; at++) inputs[at] = (inputs[at] as number) + (centers[(labels[Math.floor(at / FEATURES)] as number) * FEATURES + at % FEATURES] as number)
  return { inputs, labels }
}

/** Mean nats per example; the gradient is added to `gradient` where it is given. */
export function softmaxLoss (weights: Float32Array, { inputs, labels }: LabelledExamples, gradient?: Float32Array): number {
  let loss = 0
  const logits = new Float64Array(CLASSES)
  labels.forEach((label, example) => {
    const input = inputs.subarray(example * FEATURES, (example + 1) * FEATURES)
    for (let row = 0; row < CLASSES; row++) {
      const start = row * (FEATURES + 1)
      let logit = weights[start + FEATURES] as number
      for (let at = 0; at < FEATURES; at++) logit += (input[at] as number) * (weights[start + at] as number)
      logits[row] = logit
    }
    const highest = Math.max(...logits)
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0)
    loss -= (logits[label] as number) - highest - Math.log(total)
    if (gradient !== undefined) addSlope(gradient, input, logits.map((logit, row) => (Math.exp(logit - highest) / total - (row === label ? 1 : 0)) / labels.length))
  })
  return loss / labels.length
}

function addSlope (gradient: Float32Array, input: Float32Array, slopes: Float64Array): void {
  slopes.forEach((slope, row) => {
    const start = row * (FEATURES + 1)
    for (let at = 0; at < FEATURES; at++) gradient[start + at] = (gradient[start + at] as number) + slope * (input[at] as number)
    gradient[start + FEATURES] = (gradient[start + FEATURES] as number) + slope
  })
}

/** Softmax regression by plain gradient descent on examples of its own, in virtual time: small, and a real loss in nats. */
export class SoftmaxTrainer implements Trainer {
  readonly weights = new Float32Array(SOFTMAX_PARAMETERS)
  readonly #centers: Float32Array
  readonly #clock: Clock
  readonly #random: Words
  readonly #stepMs: number
  #step = 0
  #stretch: { readonly done: (outcome: TrainingOutcome) => void, readonly cancel: () => void } | undefined

  constructor (centers: Float32Array, clock: Clock, random: Words, stepMs: number) {
    this.#centers = centers
    this.#clock = clock
    this.#random = random
    this.#stepMs = stepMs
  }

  get step (): number { return this.#step }

  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    const cancel = this.#clock.schedule((untilStep - this.#step) * this.#stepMs, () => {
      this.#stretch = undefined
      const steps = untilStep - this.#step
      let loss = 0
      for (; this.#step < untilStep; this.#step++) loss += this.#descend()
      done({ kind: 'reached', step: this.#step, tokens: steps * BATCH, meanLoss: loss / steps })
    })
    this.#stretch = { done, cancel }
  }

  stop (): void {
    const stretch = this.#stretch
    this.#stretch = undefined
    stretch?.cancel()
    stretch?.done({ kind: 'stopped', step: this.#step })
  }

  #descend (): number {
    const gradient = new Float32Array(SOFTMAX_PARAMETERS)
    const loss = softmaxLoss(this.weights, drawExamples(this.#centers, BATCH, this.#random), gradient)
    gradient.forEach((slope, at) => { this.weights[at] = (this.weights[at] as number) - LEARNING_RATE * slope })
    return loss
  }
}
