import { TUNING_SEED } from '../method-grid.ts'
import { GROUND, PUBLISHED_SEEDS } from './arms.ts'
import { HEADLINE, HEADLINE_SEEDS, LONG, LONG_ARMS, LONG_REFERENCE, MANY_ROWS, MANY_ROWS_ARMS, MANY_ROWS_REFERENCE, OTHER_GROUNDS } from './bytes-arms.ts'
import { GAP_ARMS } from './bytes-gap-arms.ts'
import { bytesPage } from './bytes-page.ts'
import type { LabRow } from './lab-rows.ts'
import { rowsOfArms } from './lab-rows.ts'
import type { Results, Study } from './study.ts'
import type { Trained, TrainingCells } from './training-cells.ts'

/** `npm run bench:bytes`: bytes to the same held-out loss, 8 peers, equal tokens. */
export function bytesStudy (cells: TrainingCells, published: readonly LabRow[]): Study<Trained> {
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
  return { ...study, report: results => bytesPage(study, results, withMoreSeeds(published, results, seeds)) }
}

/** Rows of methods.md with the further seeds of those that the design is judged by. */
function withMoreSeeds (published: readonly LabRow[], results: Results<Trained>, seeds: readonly number[]): readonly LabRow[] {
  return published.map(row => {
    const arms = HEADLINE.filter(arm => arm.published === row.name)
    return { ...row, samples: [...row.samples, ...rowsOfArms(arms, results, seeds).flatMap(({ samples }) => samples)] }
  })
}
