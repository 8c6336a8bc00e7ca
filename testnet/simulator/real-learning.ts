import { sharesOf } from '../../src/averaging/arithmetic/method-traits.ts'
import { draftInner, modelOfSize } from '../../src/manifest/draft.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { isScalarPreset } from '../../src/spsa/scalar-methods.ts'
import { openGround } from '../experiments/method-ground.ts'
import type { Ground } from '../experiments/method-ground.ts'
import { RealLearner } from '../experiments/method-learner.ts'
import { methodTrainer } from '../experiments/method-trainer.ts'
import { namedPeers } from '../scenarios/names.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import type { Learning } from './play-scenario.ts'
import { unplayable } from './unplayable.ts'
import type { TrainingStart } from './virtual-store.ts'

/** As testnets of processes train unless told otherwise. */
const [BATCH, LEARNING_RATE] = [2, 0.004]
/** Judged by enough text to tell a hundredth of a nat, and little enough to take a second. */
const HELD_OUT_BYTES = 16_384

/**
 * Small language models in training on this machine's processor, one after the other, while virtual time stands still.
 *
 * @throws ShoalError USAGE for a scenario whose model reads no text, or whose scalars are simulated on a quadratic alone
 */
export async function realLearning (file: ScenarioFile): Promise<Learning> {
  const model = modelOfSize(file.run.model)
  if (model.kind !== 'gpt') throw unplayable(`${file.name} cannot be played with real training`, `its model is ${file.run.model}; virtual time trains models of kind gpt`)
  if (isScalarPreset(file.run.method)) throw unplayable(`${file.name} cannot be played with real training`, 'methods of scalars are simulated on a quadratic alone')
  if (file.peers.some(({ lane }) => lane === 'scalars')) throw unplayable(`${file.name} cannot be played with real training`, 'its scalar peers measure on a quadratic alone')
  const peers = namedPeers(file).length
  const { steps } = file.run
  const ground = await openGround({ model, peers, steps, batch: BATCH, stepMs: file.run.step, latencyMs: 0, heldOutBytes: HELD_OUT_BYTES, marks: 1 }, file.run.split)
  return { kind: 'real', prepare: (_file, scenario) => prepare(ground, scenario) }
}

function prepare (ground: Ground, scenario: Parameters<Learning['prepare']>[1]): ReturnType<Learning['prepare']> {
  const { model, kernels, setting } = ground
  const { seed, method, stepMsOf = [] } = scenario
  const startWeights = genesisWeights(model.spec, seed)
  const inner = draftInner({ steps: setting.steps, batch: setting.batch, learningRate: LEARNING_RATE })
  const learners = new Map<number, RealLearner>()
  /** Another life of a peer has a learner of its own. */
  const learnerOf = (index: number, from: TrainingStart | undefined): RealLearner => {
    learners.get(index)?.dispose()
    const learner = new RealLearner({
      model, kernels, inner, budgetSteps: setting.steps, sample: ground.sampler(seed, index), genesis: from?.weights ?? startWeights, startStep: from?.step ?? 0, moments: from?.moments
    })
    learners.set(index, learner)
    return learner
  }
  return {
    scenario: {
      ...scenario, parameters: model.layout.size, layout: model.layout, payloadScale: 1,
      trainerOf: (index, clock, from) => methodTrainer({
        learner: learnerOf(index, from), clock, stepMs: stepMsOf[index] ?? setting.stepMs, sharesGradients: sharesOf(method) === 'gradients', onStretch: () => undefined
      })
    },
    startWeights,
    judge: async weights => ground.judge(weights),
    dispose: () => { for (const learner of learners.values()) learner.dispose() }
  }
}
