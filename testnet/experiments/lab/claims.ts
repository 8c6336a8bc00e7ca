import { PUBLISHED_SEEDS } from './arms.ts'
import { ABLATIONS, MERGINGS, MORE_SEEDS } from './claims-arms.ts'
import { claimsPage } from './claims-page.ts'
import type { LabRow } from './lab-rows.ts'
import { BACKUP, SYNC, backupCell, sampledCell, syncCell } from './simulated-claims.ts'
import type { Figures } from './figures.ts'
import type { Cell, Study } from './study.ts'
import type { Trained, TrainingCells } from './training-cells.ts'
import { varianceCell } from './variance-claim.ts'

/** `npm run bench:claims`: what papers claim, beside what was measured here. */
export function claimsStudy (cells: TrainingCells, published: readonly LabRow[]): Study<Trained | Figures> {
  const quick = MORE_SEEDS.flatMap((seed): ReadonlyArray<Cell<Figures>> => [
    sampledCell('nobody', seed), sampledCell('gone', seed), sampledCell('frozen', seed), ...BACKUP.quorums.map(quorum => backupCell(quorum, seed)), varianceCell(cells, seed)
  ])
  const sync = PUBLISHED_SEEDS.flatMap(seed => [...SYNC.noloco.map(peers => syncCell('noloco', peers, seed)), ...SYNC.diloco.map(peers => syncCell('diloco', peers, seed))])
  const trained = PUBLISHED_SEEDS.flatMap(seed => ABLATIONS.map(({ name, setting, point }) => cells.cell(name, setting, point, seed)))
  const merged = PUBLISHED_SEEDS.flatMap(seed => MERGINGS.flatMap(({ setting, apart, along }) => [apart, ...along === undefined ? [] : [along]].map(({ name, point }) => cells.cell(name, setting, point, seed))))
  const study = { name: 'claims', cells: [...quick, ...sync, ...trained, ...merged] }
  return { ...study, report: results => claimsPage(study, results, published) }
}
