import type { Clock, GradientSteps, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'

export interface QuadraticProblem {
  /** Where this peer's own data would lead. */
  readonly optimum: Float32Array
  readonly learningRate: number
  /** Standard deviation of the gradient's noise in every coordinate. */
  readonly noise: number
  readonly stepMs: number
  readonly tokensPerStep: number
  /** Whether the noise of a whole stretch is drawn as one. */
  readonly drawsNoiseOnce?: boolean
}

interface Stretch {
  readonly untilStep: number
  readonly startedMs: number
  readonly done: (outcome: TrainingOutcome) => void
  readonly cancel: () => void
}

/**
 * Gradient descent on ½‖θ − optimum‖² with seeded noise, in virtual time. The steps of a stretch are taken at its end, which nobody can
 * tell: the weights are not to be read before.
 */
export class QuadraticTrainer implements Trainer {
  readonly weights: Float32Array
  readonly gradients: GradientSteps
  readonly #problem: QuadraticProblem
  readonly #clock: Clock
  readonly #random: Words
  readonly #noise: Float32Array
  #step = 0
  #stretch: Stretch | undefined

  constructor (start: Float32Array, problem: QuadraticProblem, clock: Clock, random: Words, step = 0) {
    this.#step = step
    this.weights = start.slice()
    this.#problem = problem
    this.#clock = clock
    this.#random = random
    this.#noise = new Float32Array(start.length)
    const gradient = new Float32Array(start.length)
    this.gradients = {
      gradient,
      compute: done => { this.#compute(gradient, done) },
      finishStep: ({ descend }, finished) => {
        this.#step++
        if (descend) gradient.forEach((slope, index) => { this.weights[index] = (this.weights[index] as number) - problem.learningRate * slope })
        finished?.()
      }
    }
  }

  get step (): number {
    return this.#step
  }

  /** @throws RangeError while a stretch is under way: two loops would fight over the weights */
  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    if (this.#stretch !== undefined) throw new RangeError('a stretch of training is already under way')
    const durationMs = (untilStep - this.#step) * this.#problem.stepMs
    const cancel = this.#clock.schedule(durationMs, () => { this.#finish('reached', untilStep) })
    this.#stretch = { untilStep, startedMs: this.#clock.nowMs(), done, cancel }
  }

  stop (): void {
    const stretch = this.#stretch
    if (stretch === undefined) return
    const { stepMs } = this.#problem
    if (stretch.untilStep === this.#step) {
      stretch.cancel()
      stretch.done({ kind: 'stopped', step: this.#step })
      return
    }
    const elapsedMs = this.#clock.nowMs() - stretch.startedMs
    const untilStep = Math.min(stretch.untilStep, this.#step + Math.floor(elapsedMs / stepMs) + 1)
    stretch.cancel()
    const leftMs = (untilStep - this.#step) * stepMs - elapsedMs
    const cancel = this.#clock.schedule(leftMs, () => { this.#finish('stopped', untilStep) })
    this.#stretch = { ...stretch, untilStep, cancel }
  }

  #finish (kind: 'reached' | 'stopped', untilStep: number): void {
    const stretch = this.#stretch
    if (stretch === undefined) return
    this.#stretch = undefined
    const steps = untilStep - this.#step
    let loss = 0
    if (this.#problem.drawsNoiseOnce === true) loss = steps * this.#leap(steps)
    else for (let taken = 0; taken < steps; taken++) loss += this.#descend()
    this.#step = untilStep
    stretch.done(kind === 'stopped'
      ? { kind, step: this.#step }
      : { kind, step: this.#step, tokens: steps * this.#problem.tokensPerStep, meanLoss: loss / steps })
  }

  #compute (gradient: Float32Array, done: (outcome: TrainingOutcome) => void): void {
    if (this.#stretch !== undefined) throw new RangeError('a stretch of training is already under way')
    const step = this.#step + 1
    const cancel = this.#clock.schedule(this.#problem.stepMs, () => {
      this.#stretch = undefined
      const meanLoss = this.#slope(gradient)
      done({ kind: 'reached', step, tokens: this.#problem.tokensPerStep, meanLoss })
    })
    // a gradient that nobody takes is dropped: stopping ends before the step
    const stopped = (): void => { this.#stretch = undefined; done({ kind: 'stopped', step: this.#step }) }
    this.#stretch = { untilStep: this.#step, startedMs: this.#clock.nowMs(), done: stopped, cancel }
  }

  /** θ − optimum + noise; returns the loss. */
  #slope (gradient: Float32Array): number {
    const { optimum, noise } = this.#problem
    fillGaussian(this.#noise, this.#random, noise)
    let loss = 0
    this.weights.forEach((value, index) => {
      const slope = value - (optimum[index] as number)
      loss += 0.5 * slope * slope
      gradient[index] = slope + (this.#noise[index] as number)
    })
    return loss
  }

  /** θ ← θ − η (θ − optimum + noise); returns the loss before. */
  #descend (): number {
    const { weights } = this
    const { optimum, learningRate, noise } = this.#problem
    fillGaussian(this.#noise, this.#random, noise)
    let loss = 0
    for (let index = 0; index < weights.length; index++) {
      const value = weights[index] as number
      const slope = value - (optimum[index] as number)
      loss += 0.5 * slope * slope
      weights[index] = value - learningRate * (slope + (this.#noise[index] as number))
    }
    return loss
  }

  /** So many steps of `descend` at once, of the same distribution: a = 1 − η shrinks the distance n times, the noise adds up to η noise √((1 − a²ⁿ) / (1 − a²)). Returns the mean of the losses before and after. */
  #leap (steps: number): number {
    const { weights } = this
    const { optimum, learningRate, noise } = this.#problem
    const kept = (1 - learningRate) ** steps
    fillGaussian(this.#noise, this.#random, learningRate * noise * Math.sqrt((1 - kept ** 2) / (1 - (1 - learningRate) ** 2)))
    let loss = 0
    for (let index = 0; index < weights.length; index++) {
      const distance = (weights[index] as number) - (optimum[index] as number)
      const left = kept * distance - (this.#noise[index] as number)
      loss += 0.25 * (distance * distance + left * left)
      weights[index] = (optimum[index] as number) + left
    }
    return loss
  }
}
