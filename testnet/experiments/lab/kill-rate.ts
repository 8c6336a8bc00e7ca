import { draftInner } from '../../../src/manifest/draft.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { churnTrial } from '../churn-trial.ts'
import type { ChurnTrial } from '../churn-trial.ts'
import { EVERY_STEPS, KILL_ARMS, KILL_SEEDS, KILL_SETTING, LEARNING_RATE, killsOf } from './kill-arms.ts'
import type { KillArm } from './kill-arms.ts'
import { killRatePage } from './kill-rate-page.ts'
import type { Cell, Study } from './study.ts'
import type { TrainingCells } from './training-cells.ts'

/** `npm run bench:kill-rate`: loss against the share of peers that is killed in a round. */
export function killRateStudy (cells: TrainingCells): Study<ChurnTrial> {
  const study = { name: 'kill-rate', cells: KILL_SEEDS.flatMap(seed => KILL_ARMS.map(arm => killCell(cells, arm, seed))) }
  return { ...study, report: results => killRatePage(study, results) }
}

function killCell (cells: TrainingCells, { name, comeback, rate }: KillArm, seed: number): Cell<ChurnTrial> {
  const method = methodPreset('noloco', { everySteps: EVERY_STEPS, graceMs: 2000 })
  const inner = draftInner({ steps: KILL_SETTING.steps, batch: KILL_SETTING.batch, learningRate: LEARNING_RATE, optimizer: 'muon' })
  return {
    name: `${name}-seed${seed}`, inputs: { setting: KILL_SETTING, method, inner, comeback, rate, seed, corpus: cells.corpus }, effort: 5,
    measure: async () => churnTrial(await cells.ground(KILL_SETTING), { arm: { name, what: '', faults: killsOf(seed, rate, comeback) }, seed, method, inner })
  }
}
