import type { Tensor } from '@tensorflow/tfjs-core'
import type { Batch } from '../data/batch.ts'
import type { TensorKernels, TrainedTensor } from '../kernels/register.ts'
import { tf } from '../kernels/tensor.ts'
import type { InnerSpec } from '../manifest/schema.ts'
import type { Model } from '../models/model.ts'
import { viewOf } from '../parameters/layout.ts'
import { accumulateGradients } from './accumulation.ts'
import { createOptimizer } from './optimizer.ts'
import type { Optimizer } from './optimizer.ts'
import { passesAfter } from './norm-test.ts'
import { learningRateAt } from './schedule.ts'
import { checkState } from './trainer-state.ts'
import type { TrainerState } from './trainer-state.ts'

export interface ReplicaInit {
  readonly model: Model
  readonly inner: InnerSpec
  /** Inner steps of the whole run, for the schedule; 0 for no end. */
  readonly budgetSteps: number
  readonly kernels: TensorKernels
}

/** What one inner step did; `skipped` left weights, moments and step number as they were. */
export type StepOutcome =
  | { readonly kind: 'stepped', readonly loss: number, readonly gradientNorm: number, readonly learningRate: number }
  | { readonly kind: 'skipped', readonly reason: string }

/** A gradient that was computed, or why there is none. */
export type GradientOutcome =
  | { readonly kind: 'computed', readonly loss: number }
  | { readonly kind: 'skipped', readonly reason: string }

/** What a step with a given gradient did; `skipped` left everything as it was. */
export type DescentOutcome =
  | { readonly kind: 'stepped', readonly gradientNorm: number, readonly learningRate: number }
  | { readonly kind: 'skipped', readonly reason: string }

/** One model in training: its weights and the optimizer's moments live on the backend and are updated in place. */
export interface Replica {
  readonly model: Model
  readonly step: number
  /** Rows of the next step's batch, where batches grow; the sampler's own elsewhere. */
  readonly rows: number | undefined
  /** Passes of the next step, and tokens since step 0, where batches grow. */
  readonly growth: TrainerState['growth']
  /** One inner step. A loss or gradient that is not finite skips it. */
  takeStep (batch: Batch): Promise<StepOutcome>
  /** Copies the next step's gradient, the mean over its passes and not clipped, into `target`; nothing moves. */
  readGradient (batch: Batch, target: Float32Array): Promise<GradientOutcome>
  /** One inner step with a gradient, flat, that was computed elsewhere; clipped like its own. */
  descend (gradient: Float32Array): Promise<DescentOutcome>
  /** Counts a step whose outcome was written into the weights. */
  countStep (): void
  /** Replaces θ; the moments and the step number stay. */
  writeWeights (weights: Float32Array): void
  /** Copies θ into `target`. */
  readWeights (target: Float32Array): Promise<void>
  readState (): Promise<TrainerState>
  /** Calls `use` with the parameters in the layout's order: θ, or `weights` when given. */
  withParameters<T> (weights: Float32Array | undefined, use: (parameters: readonly Tensor[]) => Promise<T>): Promise<T>
  dispose (): void
}

/**
 * Puts a state on the active backend, whose kernels must be `init.kernels`.
 *
 * @throws ShoalError CHECKPOINT_INCOMPATIBLE when the state does not fit the model
 */
export function createReplica (init: ReplicaInit, state: TrainerState): Replica {
  const { model, kernels } = init
  const { layout } = model
  checkState(state, layout.size)
  const upload = (vector: Float32Array): Tensor[] => layout.slots.map(slot => tf.tensor(viewOf(vector, slot).slice(), [...slot.shape]))
  const [weights, first, second] = [upload(state.weights), upload(state.firstMoment), upload(state.secondMoment)]
  const trained = weights.map((tensor, index): TrainedTensor => ({ weights: tensor, first: at(first, index), second: at(second, index) }))
  const optimize = createOptimizer(init.inner, kernels)
  let step = state.step
  let growth = init.inner.batchGrowth === undefined ? undefined : state.growth ?? { passes: init.inner.accumulate ?? 1, tokens: 0 }

  const read = async (part: keyof TrainedTensor, target: Float32Array): Promise<Float32Array> => {
    // All are asked for at once, so that a device far away answers in one round trip.
    const values = await Promise.all(trained.map(async tensors => kernels.read(tensors[part])))
    layout.slots.forEach((slot, index) => { viewOf(target, slot).set(values[index] ?? []) })
    return target
  }

  return {
    model,
    get step () { return step },
    get rows () { return growth === undefined ? undefined : init.inner.batch * growth.passes },
    get growth () { return growth },
    async takeStep (batch) {
      const outcome = await takeStep(init, optimize, trained, batch, step)
      if (outcome.kind === 'skipped') return outcome
      step++
      const { passes: wanted = 1, ...stepped } = outcome
      if (growth !== undefined) growth = { passes: wanted, tokens: growth.tokens + batch.targets.length }
      return stepped
    },
    readGradient: async (batch, target) => await readGradient(init, trained, batch, step, target),
    async descend (gradient) {
      const outcome = await descend(init, optimize, trained, upload(gradient), step)
      if (outcome.kind === 'stepped') step++
      return outcome
    },
    countStep () { step++ },
    writeWeights (source) {
      layout.slots.forEach((slot, index) => { kernels.write(at(trained, index), 'weights', viewOf(source, slot)) })
    },
    async readWeights (target) { await read('weights', target) },
    readState: async () => ({
      step,
      weights: await read('weights', new Float32Array(layout.size)),
      firstMoment: await read('first', new Float32Array(layout.size)),
      secondMoment: await read('second', new Float32Array(layout.size)),
      ...growth === undefined ? {} : { growth }
    }),
    async withParameters (others, use) {
      if (others === undefined) return await use(trained.map(tensors => tensors.weights))
      if (others.length !== layout.size) throw new RangeError(`${others.length} weights do not fit a model of ${layout.size}`)
      const parameters = upload(others)
      try {
        return await use(parameters)
      } finally {
        tf.dispose(parameters)
      }
    },
    dispose: () => { tf.dispose(trained.flatMap(tensors => [tensors.weights, tensors.first, tensors.second])) }
  }
}

function at<Value> (values: readonly Value[], index: number): Value {
  const value = values[index]
  if (value === undefined) throw new RangeError(`there is no parameter ${index}`)
  return value
}

/** With the passes of the next step, where batches grow. */
type GrownOutcome = Extract<StepOutcome, { kind: 'skipped' }> | (Extract<StepOutcome, { kind: 'stepped' }> & { readonly passes?: number })

async function takeStep (init: ReplicaInit, optimize: Optimizer, trained: readonly TrainedTensor[], batch: Batch, step: number): Promise<GrownOutcome> {
  const computed = await computeGradient(init, trained, batch, step)
  if (typeof computed === 'string') return { kind: 'skipped', reason: computed }
  const { loss, sums, gradientNorm, squaredNorms } = computed
  const { batchGrowth } = init.inner
  try {
    const learningRate = applyGradient(init, optimize, trained, { gradients: sums, passes: passesOf(init, batch), gradientNorm, step })
    const stepped = { kind: 'stepped', loss, gradientNorm, learningRate } as const
    return batchGrowth === undefined ? stepped : { ...stepped, passes: passesAfter({ squaredNorms, meanSquaredNorm: gradientNorm ** 2 }, batchGrowth) }
  } finally {
    tf.dispose([...sums])
  }
}

async function readGradient (init: ReplicaInit, trained: readonly TrainedTensor[], batch: Batch, step: number, target: Float32Array): Promise<GradientOutcome> {
  const computed = await computeGradient(init, trained, batch, step)
  if (typeof computed === 'string') return { kind: 'skipped', reason: computed }
  const passes = passesOf(init, batch)
  try {
    const sums = await Promise.all(computed.sums.map(async sum => init.kernels.read(sum)))
    init.model.layout.slots.forEach((slot, index) => { viewOf(target, slot).set(at(sums, index).map(value => value / passes)) })
    return { kind: 'computed', loss: computed.loss }
  } finally {
    tf.dispose([...computed.sums])
  }
}

/** Uses up the gradients. */
async function descend (init: ReplicaInit, optimize: Optimizer, trained: readonly TrainedTensor[], gradients: Tensor[], step: number): Promise<DescentOutcome> {
  try {
    const gradientNorm = Math.sqrt(await init.kernels.squaredNorm(gradients))
    const fault = faultOf(gradientNorm, step)
    if (fault !== undefined) return { kind: 'skipped', reason: fault }
    return { kind: 'stepped', gradientNorm, learningRate: applyGradient(init, optimize, trained, { gradients, passes: 1, gradientNorm, step }) }
  } finally {
    tf.dispose(gradients)
  }
}

function passesOf ({ inner }: ReplicaInit, { rows }: Batch): number {
  return inner.batchGrowth === undefined ? inner.accumulate ?? 1 : rows / inner.batch
}

interface Computed {
  readonly loss: number
  /** By parameter, summed over the passes; the caller disposes them. */
  readonly sums: readonly Tensor[]
  /** Of the mean over the passes. */
  readonly gradientNorm: number
  /** Of each pass, where batches grow. */
  readonly squaredNorms: readonly number[]
}

/** Loss and gradient of a step, checked. @returns why there are none */
async function computeGradient (init: ReplicaInit, trained: readonly TrainedTensor[], batch: Batch, step: number): Promise<Computed | string> {
  const { inner, model, kernels } = init
  const passes = passesOf(init, batch)
  const ofPasses: Array<Promise<number>> = []
  const watch = inner.batchGrowth === undefined ? {} : { onPass: (gradients: readonly Tensor[]): void => { ofPasses.push(kernels.squaredNorm(gradients)) } }
  const { loss: coming, sums } = accumulateGradients(model, trained.map(({ weights }) => weights), batch, { passes, recompute: inner.recompute === true, ...watch })
  try {
    // Both are asked for at once, so that a device far away answers in one round trip.
    const [loss, squaredNorm, squaredNorms] = await Promise.all([coming, kernels.squaredNorm(sums), Promise.all(ofPasses)])
    const gradientNorm = Math.sqrt(squaredNorm) / passes
    const fault = Number.isFinite(loss) ? faultOf(gradientNorm, step) : `the loss of step ${step + 1} is ${loss}`
    if (fault === undefined) return { loss, sums, gradientNorm, squaredNorms }
    tf.dispose([...sums])
    return fault
  } catch (error) {
    tf.dispose([...sums])
    throw error
  }
}

function faultOf (gradientNorm: number, step: number): string | undefined {
  return Number.isFinite(gradientNorm) ? undefined : `the gradient of step ${step + 1} has the norm ${gradientNorm}`
}

interface Descent {
  readonly gradients: readonly Tensor[]
  /** Passes that they are sums over. */
  readonly passes: number
  readonly gradientNorm: number
  readonly step: number
}

/** Clips the gradient by its norm and gives it to the optimizer. @returns the learning rate */
function applyGradient ({ inner, model, budgetSteps }: ReplicaInit, optimize: Optimizer, trained: readonly TrainedTensor[], { gradients, passes, gradientNorm, step }: Descent): number {
  const learningRate = learningRateAt(inner, step, budgetSteps)
  const scale = (gradientNorm > inner.clipNorm ? inner.clipNorm / gradientNorm : 1) / passes
  trained.forEach((tensors, index) => {
    const [slot, gradient] = [model.layout.slots[index], gradients[index]]
    if (slot !== undefined && gradient !== undefined) optimize(slot, tensors, gradient, { step, learningRate, scale })
  })
  return learningRate
}
