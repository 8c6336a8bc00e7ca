import { gossipCell } from './gossip-swarm.ts'
import { realCell } from './real-swarm.ts'
import { LAW_ARMS, LAW_SEEDS, REAL, SIMULATED } from './scaling-arms.ts'
import { scalingPage } from './scaling-page.ts'
import type { Figures } from './figures.ts'
import type { Study } from './study.ts'
import type { Trained, TrainingCells } from './training-cells.ts'

/** `npm run bench:scaling`: bytes, memory and loss as the swarm grows, and a law over replicas and H. */
export function scalingStudy (cells: TrainingCells): Study<Trained | Figures> {
  const study = {
    name: 'scaling',
    cells: [
      ...SIMULATED.sizes.map(peers => gossipCell(peers, 1)),
      ...LAW_SEEDS.flatMap(seed => LAW_ARMS.map(({ name, setting, point }) => cells.cell(name, setting, point, seed))),
      ...REAL.seeds.flatMap(seed => REAL.sizes.map(peers => realCell(peers, seed)))
    ]
  }
  return { ...study, report: results => scalingPage(study, results) }
}
