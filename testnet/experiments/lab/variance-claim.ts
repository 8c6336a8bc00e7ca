import { draftInner } from '../../../src/manifest/draft.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { mergeReplicas } from '../../../src/parameters/merge.ts'
import { variancesOf } from '../../../src/parameters/variance.ts'
import type { Ground } from '../method-ground.ts'
import { RealLearner } from '../method-learner.ts'
import type { Setting } from '../method-setting.ts'
import { GROUND } from './arms.ts'
import type { Figures } from './figures.ts'
import type { Cell } from './study.ts'
import type { TrainingCells } from './training-cells.ts'

const SETTING: Setting = { ...GROUND, marks: 1 }
const LEARNING_RATE = 0.02
/** Peers without a genesis in common draw theirs from seeds apart. */
const SEEDS_APART = 1000

/** Replicas of unlike geneses averaged before the first step, with and without their variance back; and what one peer then learns from either. */
export function varianceCell (cells: TrainingCells, seed: number): Cell<Figures> {
  return {
    name: `variance-seed${seed}`, inputs: { setting: SETTING, learningRate: LEARNING_RATE, seed, corpus: cells.corpus }, effort: 2,
    measure: async () => measure(await cells.ground(SETTING), seed)
  }
}

async function measure (ground: Ground, seed: number): Promise<Figures> {
  const { model, setting: { peers } } = ground
  const replicas = Array.from({ length: peers }, (_, peer) => ({ weights: genesisWeights(model.spec, seed + SEEDS_APART * peer), tokens: 1 }))
  const [plain, repaired] = [mergeReplicas(replicas).weights, mergeReplicas(replicas, model.layout).weights]
  const of = (weights: Float32Array): readonly number[] => variancesOf([weights], model.layout)
  const drawn = variancesOf(replicas.map(({ weights }) => weights), model.layout)
  const shareLeft = (weights: Float32Array): number => {
    const shares = of(weights).flatMap((variance, tensor) => (drawn[tensor] ?? 0) > 0 ? [variance / (drawn[tensor] as number)] : [])
    return shares.reduce((sum, share) => sum + share, 0) / shares.length
  }
  return {
    plainVariance: shareLeft(plain), repairedVariance: shareLeft(repaired),
    oneLoss: await learntFrom(ground, genesisWeights(model.spec, seed), seed), plainLoss: await learntFrom(ground, plain, seed), repairedLoss: await learntFrom(ground, repaired, seed)
  }
}

async function learntFrom (ground: Ground, genesis: Float32Array, seed: number): Promise<number> {
  const { model, kernels, setting: { steps, batch } } = ground
  const learner = new RealLearner({ model, kernels, inner: draftInner({ steps, batch, learningRate: LEARNING_RATE, optimizer: 'muon' }), budgetSteps: steps, sample: ground.sampler(seed, 0), genesis })
  try {
    await learner.train(steps)
    return await ground.judge(learner.weights)
  } finally {
    learner.dispose()
  }
}
