import type { InnerSpec, MethodSpec } from '../../src/manifest/schema.ts'
import { simulateTraining } from '../simulator/simulation.ts'
import { PEERS, predecessorOf } from './churn-arms.ts'
import type { ChurnArm } from './churn-arms.ts'
import { shapePeers } from './churn-scenario.ts'
import type { Ground } from './method-ground.ts'
import { RealLearner } from './method-learner.ts'
import { mergeOnTheWire } from './method-merge.ts'
import { methodTrainer } from './method-trainer.ts'

/** What happened to a swarm of eight, and what came of it. Counts are of all peers that ever were there. */
export interface ChurnTrial {
  /** Held-out nats per byte of the merge of all who are there in the end. */
  readonly loss: number
  readonly tokens: number
  readonly rounds: number
  readonly averagedRounds: number
  readonly oneSided: number
  readonly inDoubt: number
  readonly finished: number
  readonly violations: readonly string[]
}

/** Why nothing can be compared with a run in which nothing was to happen; undefined where it can. */
export function whyNotCalm ({ finished, violations }: Pick<ChurnTrial, 'finished' | 'violations'>): string | undefined {
  if (finished < PEERS) return `only ${finished} of ${PEERS} peers were there in the end`
  return violations.length === 0 ? undefined : `it broke what is promised: ${violations.join('; ')}`
}

export interface ChurnRun {
  readonly arm: ChurnArm
  readonly seed: number
  readonly method: MethodSpec
  readonly inner: InnerSpec
}

/** Newcomers draw other batches than whoever they replace. */
const NEWCOMER_SEED = 1000

/** Real training in virtual time. Who comes in another’s place trains on its data with an inner optimizer that warms up; who comes back begins from its own last checkpoint, of which a run has ten. */
export async function churnTrial (ground: Ground, { arm, seed, method, inner }: ChurnRun): Promise<ChurnTrial> {
  const { model, kernels, setting: { steps, stepMs } } = ground
  const genesis = await ground.genesis(seed)
  const learners: RealLearner[] = []
  const scenario = shapePeers(arm, {
    seed, method, steps, stepMs, layout: model.layout, checkpointEveryMs: steps * stepMs / 10,
    trainerOf: (index, clock, from) => {
      const sample = ground.sampler(index >= PEERS ? seed + NEWCOMER_SEED : seed, predecessorOf(index))
      const learner = new RealLearner({ model, kernels, inner, budgetSteps: steps, sample, genesis: from?.weights ?? genesis, startStep: from?.step ?? 0 })
      learners.push(learner)
      return methodTrainer({ learner, clock, stepMs, sharesGradients: false, onStretch: () => undefined })
    }
  })
  try {
    const result = await simulateTraining(scenario)
    const here = result.peers.filter(({ ended }) => ended === 'budget' || ended === 'stopped')
    const sum = (value: (peer: typeof result.peers[number]) => number): number => result.peers.reduce((total, peer) => total + value(peer), 0)
    return {
      loss: await ground.judge(mergeOnTheWire(here.map(({ weights }) => weights)).weights), tokens: sum(({ totals }) => totals.tokens), rounds: sum(({ totals }) => totals.rounds),
      averagedRounds: sum(({ totals }) => totals.averagedRounds), oneSided: result.oneSided, inDoubt: sum(({ totals }) => totals.inDoubt), finished: here.length, violations: result.violations
    }
  } finally {
    for (const learner of learners) learner.dispose()
  }
}
