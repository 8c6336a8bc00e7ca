import type { ParameterLayout } from './layout.ts'
import { viewOf } from './layout.ts'

/** A tensor's mean and variance over its values. */
export interface TensorMoments {
  readonly mean: number
  readonly variance: number
}

/** @returns NaN of both for no values */
export function momentsOf (values: Float32Array): TensorMoments {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index] as number
  const mean = sum / values.length
  let squares = 0
  for (let index = 0; index < values.length; index++) squares += ((values[index] as number) - mean) ** 2
  return { mean, variance: squares / values.length }
}

/**
 * Gives each tensor of averaged weights the variance that its replicas had, in place: w ← mean + (w − mean)·√(target / var(w)). Averaging n replicas that do not share
 * a genesis divides the variance of their weights by n, and signals vanish layer by layer (algorithms.md, "Vanishing variance"). Right only while replicas are
 * uncorrelated: {@link areUncorrelated}.
 *
 * @param targets the variance that each tensor is to have, in the layout's order; a tensor whose values are all equal stays as it is
 */
export function restoreVariance (weights: Float32Array, layout: ParameterLayout, targets: readonly number[]): void {
  layout.slots.forEach((slot, index) => {
    const values = viewOf(weights, slot)
    const { mean, variance } = momentsOf(values)
    const target = targets[index] ?? variance
    if (!(variance > 0) || !(target > 0)) return
    const gain = Math.sqrt(target / variance)
    for (let at = 0; at < values.length; at++) values[at] = mean + ((values[at] as number) - mean) * gain
  })
}

/** The mean variance that replicas have, tensor by tensor. */
export function variancesOf (replicas: readonly Float32Array[], layout: ParameterLayout): readonly number[] {
  return layout.slots.map(slot => replicas.reduce((sum, replica) => sum + momentsOf(viewOf(replica, slot)).variance, 0) / replicas.length)
}

/** Above this correlation replicas have something in common that averaging keeps, and a gain would only blow it up. */
const CORRELATED = 0.5

/**
 * Whether replicas' weights are closer to independent draws than to one another: the mean correlation, over all pairs, of the values less their tensors' means.
 * With a genesis in common it is near 1 from the start.
 */
export function areUncorrelated (replicas: readonly Float32Array[], layout: ParameterLayout): boolean {
  return replicas.length > 1 && meanCorrelation(replicas, layout) < CORRELATED
}

/** From the variance of the sum: Var(Σ w_i) = Σ Var(w_i) + n(n−1) Cov. */
function meanCorrelation (replicas: readonly Float32Array[], layout: ParameterLayout): number {
  let [ofSum, each] = [0, 0]
  for (const slot of layout.slots) {
    const views = replicas.map(replica => viewOf(replica, slot))
    const sums = new Float32Array(slot.size)
    for (const view of views) for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) + (view[at] as number)
    ofSum += slot.size * momentsOf(sums).variance
    each += slot.size * views.reduce((sum, view) => sum + momentsOf(view).variance, 0)
  }
  return each === 0 ? 1 : (ofSum - each) / (each * (replicas.length - 1))
}
