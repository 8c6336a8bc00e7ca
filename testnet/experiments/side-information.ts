import '../../node/polyfills.ts'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { CODEC_SETUP, codecCell } from './codec-cells.ts'
import { CODEC_SEEDS, CODEC_SETTING, SIDE_ARMS } from './codec-loss-arms.ts'
import { openGround } from './method-ground.ts'
import { CellStore } from './method-store.ts'
import { sideInformationChart, sideInformationPage } from './side-information-page.ts'
import type { SideResult } from './side-information-page.ts'

/**
 * `npm run bench:side-information`: pairs that send weights against what the partner holds (`modulo`), beside pairs that send them as they are, at three intervals; paired
 * seeds, real training in virtual time. Words after the command choose arms by parts of their names. Every cell is stored as it ends, so that an interrupted bench goes
 * on where it stopped, and the page is written anew after each seed, with whatever is stored.
 */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const store = new CellStore(join(results, 'side-information'))
const wanted = process.argv.slice(2)
const ground = await openGround(CODEC_SETTING)

const measured: SideResult[] = []
for (const seed of CODEC_SEEDS) {
  for (const arm of SIDE_ARMS) {
    const cell = await codecCell(store, ground, arm.point, seed, wanted)
    if (cell === undefined) continue
    const { payloadBytes, consensusDistance, replicasLoss, mergedLoss } = cell
    measured.push({ arm, seed, payloadBytes, distance: consensusDistance ?? NaN, replicasLoss: replicasLoss ?? NaN, meanLoss: mergedLoss ?? NaN })
  }
  await write('side-information.md', sideInformationPage(measured, CODEC_SETUP))
  await write('side-information-distance.svg', sideInformationChart(measured, 'distance'))
  await write('side-information-loss.svg', sideInformationChart(measured, 'replicasLoss'))
}

async function write (name: string, text: string): Promise<void> {
  await writeFileAtomically(join(results, name), [new TextEncoder().encode(text)])
}
