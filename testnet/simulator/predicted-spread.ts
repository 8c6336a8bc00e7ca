import { spreadOf } from './replica-spread.ts'
import { QUADRATIC_RATE } from './simulated-peer.ts'
import { liarsOf } from './simulation-scenario.ts'
import type { Scenario } from './simulation-scenario.ts'

/** How replicas of the quadratic drift apart: towards their own optima, by the noise of their gradients. */
export type Drift = Pick<Scenario, 'dissimilarity' | 'noise'>

/**
 * Root mean square distance of replicas to their mean, a weight, that never average: each is √(D² + η² σ² / (1 − (1−η)²)) from it once its start is forgotten.
 * Whatever averages weights towards each other stays below.
 */
export function spreadAlone ({ dissimilarity, noise }: Drift): number {
  const kept = 1 - QUADRATIC_RATE
  return Math.sqrt(dissimilarity ** 2 + (QUADRATIC_RATE * noise) ** 2 / (1 - kept ** 2))
}

/**
 * The same right after a round of plain averaging in random groups of g, every `everySteps` steps, once it has settled. With d the distance of a replica to the mean of all, δ that of
 * its optimum and a = (1−η)^H, a stretch makes d ← a d + (1−a) δ + noise; a mean of g of N independent ones keeps (N−g)/(g(N−1)) of ⟨d²⟩, and of ⟨dδ⟩ what is its own.
 *
 * @param averagedShare of rounds in which a peer averages
 */
export function spreadOfGroups ({ dissimilarity, noise }: Drift, peers: number, groupSize: number, everySteps: number, averagedShare = 1): number {
  const kept = (1 - QUADRATIC_RATE) ** everySteps
  const noiseSquared = (QUADRATIC_RATE * noise) ** 2 * (1 - kept ** 2) / (1 - (1 - QUADRATIC_RATE) ** 2)
  const left = 1 - averagedShare + averagedShare * (peers - groupSize) / (groupSize * (peers - 1))
  const cross = left * (1 - kept) * dissimilarity ** 2 / (1 - left * kept)
  return Math.sqrt(left * (2 * kept * (1 - kept) * cross + (1 - kept) ** 2 * dissimilarity ** 2 + noiseSquared) / (1 - left * kept ** 2))
}

/** Momentum and means weighed by tokens overshoot; 1.4 times was the most over a hundred random scenarios. */
const OVERSHOOT = 2
/** Fewer values say little about a variance. */
const ENOUGH_VALUES = 64

/**
 * How much of the start a run of so many steps has yet to forget, of 1. What a sparse method holds back moves a weight many rounds later, by all of it at once: in runs as short as
 * the random ones most weights have moved once or never.
 */
function startLeft ({ method }: Scenario, steps: number): number {
  return method.errorFeedback === undefined ? (1 - QUADRATIC_RATE) ** steps : 1
}

/** What is wrong with how far replicas of the quadratic are apart at the end, if anything: whatever averages honest weights keeps them nearer than training alone would. */
export function strayed (scenario: Scenario, replicas: ReadonlyArray<{ readonly weights: Float32Array, readonly step: number }>): string | undefined {
  if (scenario.trainerOf !== undefined || liarsOf(scenario).size > 0 || scenario.parameters * (replicas.length - 1) < ENOUGH_VALUES) return undefined
  const most = OVERSHOOT * (spreadAlone(scenario) + startLeft(scenario, Math.min(...replicas.map(({ step }) => step))))
  const spread = spreadOf(replicas.map(({ weights }) => weights))
  return spread <= most ? undefined : `replicas are ${spread} apart, and at most ${most} was predicted`
}
