import '../../node/polyfills.ts'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { CODEC_SETUP, codecCell } from './codec-cells.ts'
import { CODEC_ARMS, CODEC_SEEDS, CODEC_SETTING } from './codec-loss-arms.ts'
import { codecLossTable } from './codec-loss-table.ts'
import type { ArmResult } from './codec-loss-table.ts'
import { openGround } from './method-ground.ts'
import { CellStore } from './method-store.ts'

/**
 * `npm run bench:codec-loss`: held-out loss after equal tokens for each codec in the presets `diloco` and `noloco`, paired seeds, real training in virtual time. Words
 * after the command choose arms by parts of their names. Every cell is stored as it ends, so that an interrupted bench goes on where it stopped, and the page
 * is written anew after each seed, with whatever is stored.
 */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const store = new CellStore(join(results, 'codec-loss'))
const wanted = process.argv.slice(2)
const ground = await openGround(CODEC_SETTING)

const measured: ArmResult[] = []
for (const seed of CODEC_SEEDS) {
  for (const arm of CODEC_ARMS) {
    const cell = await codecCell(store, ground, arm.point, seed, wanted)
    if (cell !== undefined) measured.push({ arm, seed, loss: cell.mergedLoss ?? NaN, payloadBytes: cell.payloadBytes })
  }
  await writeFileAtomically(join(results, 'codec-loss.md'), [new TextEncoder().encode(codecLossTable(measured, CODEC_SETUP))])
}
