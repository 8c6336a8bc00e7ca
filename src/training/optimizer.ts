import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorKernels, TrainedTensor } from '../kernels/register.ts'
import type { InnerSpec } from '../manifest/schema.ts'
import type { TensorSlot } from '../parameters/layout.ts'
import { adamwCoefficients } from './adamw.ts'
import { isHiddenMatrix, muonStep } from './muon.ts'

export interface OptimizerMoment {
  /** Steps taken before, from 0. */
  readonly step: number
  readonly learningRate: number
  /** Factor on the gradient: the passes' mean, and less where the global norm is clipped. */
  readonly scale: number
}

/** One step of one parameter, in place: its weights and its two vectors of state. */
export type Optimizer = (slot: TensorSlot, trained: TrainedTensor, gradient: Tensor, moment: OptimizerMoment) => void

/** Matrices are decayed; gains and biases are not. */
function decays (slot: TensorSlot): boolean {
  return slot.shape.length > 1
}

/** The optimizer that a manifest names. Decay is decoupled in all of them (arXiv 1711.05101): w ← (1 − rate · decay) w. */
export function createOptimizer (inner: InnerSpec, kernels: TensorKernels): Optimizer {
  const keepOf = (slot: TensorSlot, rate: number): number => decays(slot) ? 1 - rate * inner.weightDecay : 1
  const adamw: Optimizer = (slot, trained, gradient, { step, learningRate, scale }) => {
    kernels.adamw(trained, gradient, adamwCoefficients(inner, step, learningRate, scale, decays(slot)))
  }
  switch (inner.optimizer) {
    case 'adamw': return adamw
    case 'sgd': return (slot, trained, gradient, { learningRate, scale }) => {
      kernels.sgd(trained, gradient, { scale, momentum: inner.beta1, rate: learningRate, keep: keepOf(slot, learningRate) })
    }
    case 'lion': return (slot, trained, gradient, { learningRate, scale }) => {
      kernels.lion(trained, gradient, { scale, beta1: inner.beta1, beta2: inner.beta2, rate: learningRate, keep: keepOf(slot, learningRate) })
    }
    case 'muon': return (slot, trained, gradient, moment) => {
      if (!isHiddenMatrix(slot)) adamw(slot, trained, gradient, moment)
      else muonStep(kernels, trained, gradient, { ...moment, momentum: inner.beta1, keep: keepOf(slot, moment.learningRate) })
    }
  }
}
