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

/** One model in training: its weights and the optimizer's moments live on the backend and are updated in place. */
export interface Replica {
  readonly model: Model
  readonly step: number
  /** One inner step. A loss or gradient that is not finite skips it. */
  takeStep (batch: Batch): Promise<StepOutcome>
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

  const read = async (part: keyof TrainedTensor, target: Float32Array): Promise<Float32Array> => {
    // All are asked for at once, so that a device far away answers in one round trip.
    const values = await Promise.all(trained.map(async tensors => kernels.read(tensors[part])))
    layout.slots.forEach((slot, index) => { viewOf(target, slot).set(values[index] ?? []) })
    return target
  }

  return {
    model,
    get step () { return step },
    async takeStep (batch) {
      const outcome = await takeStep(init, optimize, trained, batch, step)
      if (outcome.kind === 'stepped') step++
      return outcome
    },
    writeWeights (source) {
      layout.slots.forEach((slot, index) => { kernels.write(at(trained, index), 'weights', viewOf(source, slot)) })
    },
    async readWeights (target) { await read('weights', target) },
    readState: async () => ({
      step,
      weights: await read('weights', new Float32Array(layout.size)),
      firstMoment: await read('first', new Float32Array(layout.size)),
      secondMoment: await read('second', new Float32Array(layout.size))
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

async function takeStep (init: ReplicaInit, optimize: Optimizer, trained: readonly TrainedTensor[], batch: Batch, step: number): Promise<StepOutcome> {
  const { inner, model, kernels, budgetSteps } = init
  const passes = inner.accumulate ?? 1
  const { loss: coming, sums } = accumulateGradients(model, trained.map(({ weights }) => weights), batch, { passes, recompute: inner.recompute === true })
  try {
    // Both are asked for at once, so that a device far away answers in one round trip.
    const [loss, squaredNorm] = await Promise.all([coming, kernels.squaredNorm(sums)])
    if (!Number.isFinite(loss)) return { kind: 'skipped', reason: `the loss of step ${step + 1} is ${loss}` }
    const gradientNorm = Math.sqrt(squaredNorm) / passes
    if (!Number.isFinite(gradientNorm)) return { kind: 'skipped', reason: `the gradient of step ${step + 1} has the norm ${gradientNorm}` }
    const learningRate = learningRateAt(inner, step, budgetSteps)
    const scale = (gradientNorm > inner.clipNorm ? inner.clipNorm / gradientNorm : 1) / passes
    trained.forEach((tensors, index) => {
      const [slot, gradient] = [model.layout.slots[index], sums[index]]
      if (slot !== undefined && gradient !== undefined) optimize(slot, tensors, gradient, { step, learningRate, scale })
    })
    return { kind: 'stepped', loss, gradientNorm, learningRate }
  } finally {
    tf.dispose([...sums])
  }
}
