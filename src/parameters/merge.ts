import { consensusDistance, weightedMeanOfReplicas } from './consensus.ts'
import type { ParameterLayout } from './layout.ts'
import { areUncorrelated, restoreVariance, variancesOf } from './variance.ts'

/** A replica that goes into a merge. */
export interface MergeInput {
  readonly weights: Float32Array
  /** Trained on; its weight in the mean. */
  readonly tokens: number
  /** What it is an expert for, where experts were trained apart. */
  readonly label?: string
}

export interface Merged {
  readonly weights: Float32Array
  /** Consensus distance of the replicas, relative to the mean's norm; after the merge there is one and it is 0. */
  readonly spreadBefore: number
  /** Each input's share of the mean. */
  readonly shares: readonly number[]
  /** The replicas had no genesis in common, so that each tensor was given back the variance that averaging took. */
  readonly varianceRestored: boolean
}

/**
 * One consensus average of everyone who is there, weighted by tokens ("A Single Merging Suffices": one average at the end recovers most of what
 * averaging all along would have given; it is also how branch-train-merge makes one model of its experts, arXiv 2208.03306).
 *
 * @param layout with it, replicas without a genesis in common get their variance back
 * @throws RangeError without replicas, or for ones of unlike length or with tokens that are no number from 0
 */
export function mergeReplicas (replicas: readonly MergeInput[], layout?: ParameterLayout): Merged {
  const vectors = replicas.map(({ weights }) => weights)
  const shares = sharesOf(replicas.map(({ tokens }) => tokens))
  const weights = weightedMeanOfReplicas(vectors, shares)
  const varianceRestored = layout !== undefined && areUncorrelated(vectors, layout)
  if (varianceRestored) restoreVariance(weights, layout, variancesOf(vectors, layout))
  return { weights, spreadBefore: consensusDistance(vectors), shares, varianceRestored }
}

/**
 * Experts by label, each the merge of the replicas that share it, in order of label.
 *
 * @throws RangeError as {@link mergeReplicas}
 */
export function mergeByLabel (replicas: readonly MergeInput[]): ReadonlyMap<string, Merged> {
  const labels = [...new Set(replicas.map(({ label }) => label ?? ''))].sort()
  return new Map(labels.map(label => [label, mergeReplicas(replicas.filter(replica => (replica.label ?? '') === label))]))
}

function sharesOf (tokens: readonly number[]): readonly number[] {
  if (tokens.some(count => !(count >= 0 && Number.isFinite(count)))) throw new RangeError('tokens are numbers from 0')
  const total = tokens.reduce((sum, count) => sum + count, 0)
  return tokens.map(count => total === 0 ? 1 / tokens.length : count / total)
}
