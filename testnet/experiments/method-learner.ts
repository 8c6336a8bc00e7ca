import type { BatchSampler } from '../../src/data/batch.ts'
import type { TensorKernels, TrainedTensor } from '../../src/kernels/register.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import type { InnerSpec } from '../../src/manifest/schema.ts'
import type { Model } from '../../src/models/model.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import { accumulateGradients } from '../../src/training/accumulation.ts'
import { createOptimizer } from '../../src/training/optimizer.ts'
import type { Optimizer } from '../../src/training/optimizer.ts'
import { learningRateAt } from '../../src/training/schedule.ts'
import type { Moments } from '../simulator/virtual-store.ts'

/** Tokens of a call and the mean nats of each. */
export interface Taught {
  readonly tokens: number
  readonly meanLoss: number
}

/** What trains one simulated peer: whole stretches, or single steps in two halves for methods that share gradients. */
export interface Learner {
  /** θ, flat; whatever is written here counts from the next call on. */
  readonly weights: Float32Array
  readonly step: number
  /** Of the step computed last; what is here at `finishStep` is what the inner optimizer gets. */
  readonly gradient: Float32Array
  train (untilStep: number): Promise<Taught>
  computeGradient (): Promise<Taught>
  finishStep (descend: boolean): void
  /** Copies of what its inner optimizer remembers, between two calls. */
  moments? (): Moments
}

export interface LearnerInit {
  readonly model: Model
  readonly kernels: TensorKernels
  readonly inner: InnerSpec
  readonly budgetSteps: number
  readonly sample: BatchSampler
  /** θ at the start; copied. */
  readonly genesis: Float32Array
  /** Steps that were taken before, by whoever left these weights; 0 unless given. */
  readonly startStep?: number
  /** What the inner optimizer had come to by then; zeros unless given. */
  readonly moments?: Moments | undefined
}

/** One replica in training on the active wasm backend, whose tensors can be read and written at once. */
export class RealLearner implements Learner {
  readonly weights: Float32Array
  readonly gradient: Float32Array
  readonly #init: LearnerInit
  readonly #trained: readonly TrainedTensor[]
  readonly #optimize: Optimizer
  #step: number

  constructor (init: LearnerInit) {
    const { model: { layout }, genesis, inner, kernels, startStep = 0, moments } = init
    this.#init = init
    this.#step = startStep
    this.weights = genesis.slice()
    this.gradient = new Float32Array(layout.size)
    this.#trained = layout.slots.map(slot => {
      const tensorOf = (values: Float32Array | undefined): Tensor => values === undefined ? tf.zeros([...slot.shape]) : tf.tensor(viewOf(values, slot).slice(), [...slot.shape])
      return { weights: tensorOf(undefined), first: tensorOf(moments?.firstMoment), second: tensorOf(moments?.secondMoment) }
    })
    this.#optimize = createOptimizer(inner, kernels)
  }

  get step (): number { return this.#step }

  /** @throws RangeError when a loss or gradient is not finite; weights stay as they were before that step */
  async train (untilStep: number): Promise<Taught> {
    let [tokens, lossSum, steps] = [0, 0, 0]
    this.#upload()
    for (; this.#step < untilStep; steps++) {
      const { taught, gradients } = await this.#descendable()
      try {
        this.#descend(gradients, Math.sqrt(await this.#init.kernels.squaredNorm(gradients)))
      } finally {
        tf.dispose([...gradients])
      }
      tokens += taught.tokens
      lossSum += taught.meanLoss
    }
    this.#download()
    return { tokens, meanLoss: lossSum / steps }
  }

  /** @throws RangeError when the loss is not finite */
  async computeGradient (): Promise<Taught> {
    this.#upload()
    const { taught, gradients } = await this.#descendable()
    this.#init.model.layout.slots.forEach((slot, index) => { viewOf(this.gradient, slot).set((gradients[index] as Tensor).dataSync()) })
    tf.dispose([...gradients])
    return taught
  }

  finishStep (descend: boolean): void {
    if (descend) {
      const { slots } = this.#init.model.layout
      const gradients = slots.map(slot => tf.tensor(viewOf(this.gradient, slot).slice(), [...slot.shape]))
      this.#descend(gradients, Math.sqrt(this.gradient.reduce((sum, slope) => sum + slope * slope, 0)))
      tf.dispose(gradients)
      this.#download()
    } else {
      this.#step++
    }
  }

  moments (): Moments {
    const { layout } = this.#init.model
    const gathered = (of: 'first' | 'second'): Float32Array => {
      const values = new Float32Array(layout.size)
      layout.slots.forEach((slot, index) => { viewOf(values, slot).set((this.#trained[index] as TrainedTensor)[of].dataSync()) })
      return values
    }
    return { firstMoment: gathered('first'), secondMoment: gathered('second') }
  }

  dispose (): void {
    tf.dispose(this.#trained.flatMap(({ weights, first, second }) => [weights, first, second]))
  }

  async #descendable (): Promise<{ readonly taught: Taught, readonly gradients: readonly Tensor[] }> {
    const { model, sample } = this.#init
    const batch = sample(this.#step)
    const { loss, sums } = accumulateGradients(model, this.#trained.map(({ weights }) => weights), batch, { passes: 1, recompute: false })
    const meanLoss = await loss
    if (!Number.isFinite(meanLoss)) throw new RangeError(`the loss of step ${this.#step + 1} is ${meanLoss}`)
    return { taught: { tokens: batch.targets.length, meanLoss }, gradients: sums }
  }

  #descend (gradients: readonly Tensor[], norm: number): void {
    const { inner, model, budgetSteps } = this.#init
    if (!Number.isFinite(norm)) throw new RangeError(`the gradient of step ${this.#step + 1} has the norm ${norm}`)
    const moment = { step: this.#step, learningRate: learningRateAt(inner, this.#step, budgetSteps), scale: norm > inner.clipNorm ? inner.clipNorm / norm : 1 }
    model.layout.slots.forEach((slot, index) => { this.#optimize(slot, this.#trained[index] as TrainedTensor, gradients[index] as Tensor, moment) })
    this.#step++
  }

  #upload (): void {
    this.#init.model.layout.slots.forEach((slot, index) => { this.#init.kernels.write(this.#trained[index] as TrainedTensor, 'weights', viewOf(this.weights, slot)) })
  }

  #download (): void {
    this.#init.model.layout.slots.forEach((slot, index) => { viewOf(this.weights, slot).set((this.#trained[index] as TrainedTensor).weights.dataSync()) })
  }
}
