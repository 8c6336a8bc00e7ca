import { isDeepStrictEqual } from 'node:util'
import { TUNING_SEED } from '../method-grid.ts'
import { inputsOf } from '../method-setting.ts'
import type { StoredCell } from '../method-store.ts'
import { GROUND, PUBLISHED_SEEDS } from './arms.ts'
import { HEADLINE, HEADLINE_SEEDS, LONG, LONG_ARMS, LONG_REFERENCE, MANY_ROWS, MANY_ROWS_ARMS, MANY_ROWS_REFERENCE, OTHER_GROUNDS } from './bytes-arms.ts'
import { GAP_ARMS } from './bytes-gap-arms.ts'
import { bytesPage } from './bytes-page.ts'
import type { LabRow } from './lab-rows.ts'
import { rowsOfArms } from './lab-rows.ts'
import type { Measured, Results, Study } from './study.ts'
import type { Trained, TrainingCells } from './training-cells.ts'

/** `npm run bench:bytes`: bytes to the same held-out loss, 8 peers, equal tokens. */
export function bytesStudy (cells: TrainingCells, published: readonly LabRow[], swept: readonly StoredCell[]): Study<Trained> {
  const seeds = HEADLINE_SEEDS.slice(PUBLISHED_SEEDS.length)
  const study = {
    name: 'bytes',
    cells: [
      ...seeds.flatMap(seed => HEADLINE.map(({ name, point }) => cells.cell(name, GROUND, point, seed))),
      ...PUBLISHED_SEEDS.flatMap(seed => [LONG_REFERENCE, ...LONG_ARMS].map(({ name, point }) => cells.cell(name, LONG, point, seed))),
      ...PUBLISHED_SEEDS.flatMap(seed => [MANY_ROWS_REFERENCE, ...MANY_ROWS_ARMS].map(({ name, point }) => cells.cell(name, MANY_ROWS, point, seed))),
      ...OTHER_GROUNDS.flatMap(({ setting, reference, flagship }) => [flagship, reference].map(({ name, point }) => cells.cell(name, setting, point, TUNING_SEED))),
      ...GAP_ARMS.map(({ name, setting, point }) => cells.cell(name, setting, point, TUNING_SEED))
    ]
  }
  return { ...study, report: results => bytesPage(study, results, withMoreSeeds(published, results, seeds), withSwept(results, swept)) }
}

/** Where the sweep of methods.md has a run, it stands for that of this study: they differ in their uplinks alone. */
function withSwept (results: Results<Trained>, swept: readonly StoredCell[]): Results<Trained> {
  const found = GAP_ARMS.flatMap(({ name, setting, point }): Array<readonly [string, Measured<Trained>]> => {
    const cell = swept.find(({ inputs }) => isDeepStrictEqual(inputs, inputsOf(setting, { point, seed: inputs.seed, megabits: inputs.megabits }, inputs.corpus)))
    return cell === undefined ? [] : [[`${name}-seed${cell.inputs.seed}`, { inputsHash: cell.inputsHash, inputs: cell.inputs, origin: cell.origin, result: cell }]]
  })
  return new Map([...found, ...results])
}

/** Rows of methods.md with the further seeds of those that the design is judged by. */
function withMoreSeeds (published: readonly LabRow[], results: Results<Trained>, seeds: readonly number[]): readonly LabRow[] {
  return published.map(row => {
    const arms = HEADLINE.filter(arm => arm.published === row.name)
    return { ...row, samples: [...row.samples, ...rowsOfArms(arms, results, seeds).flatMap(({ samples }) => samples)] }
  })
}
