import { GROUND, PUBLISHED_SEEDS } from './arms.ts'
import type { LabRow } from './lab-rows.ts'
import { OTHERS } from './others-arms.ts'
import { othersPage } from './others-page.ts'
import type { Study } from './study.ts'
import type { Trained, TrainingCells } from './training-cells.ts'

/** `npm run bench:others`: the same model, data and tokens through what other systems send. */
export function othersStudy (cells: TrainingCells, published: readonly LabRow[]): Study<Trained> {
  const study = { name: 'others', cells: PUBLISHED_SEEDS.flatMap(seed => OTHERS.map(({ name, point }) => cells.cell(name, GROUND, point, seed))) }
  return { ...study, report: results => [['others.md', othersPage(study, results, published)]] }
}
