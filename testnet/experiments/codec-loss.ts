import '../../node/polyfills.ts'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { softwareVersion } from '../../node/cli/software.ts'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { CODEC_ARMS, CODEC_MEGABITS, CODEC_SEEDS, CODEC_SETTING } from './codec-loss-arms.ts'
import type { CodecArm } from './codec-loss-arms.ts'
import { codecLossTable } from './codec-loss-table.ts'
import type { ArmResult } from './codec-loss-table.ts'
import { openGround } from './method-ground.ts'
import { runPoint } from './method-run.ts'
import { cellName, hashOf, inputsOf } from './method-setting.ts'
import { CellStore } from './method-store.ts'
import type { StoredCell } from './method-store.ts'

/**
 * `npm run bench:codec-loss`: held-out loss after equal tokens for each codec in the presets `diloco` and `noloco`, paired seeds, real training in virtual time. Words
 * after the command choose arms by parts of their names. Every cell is stored as it ends, so that an interrupted bench goes on where it stopped, and the page
 * is written anew after each seed, with whatever is stored.
 */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const store = new CellStore(join(results, 'codec-loss'))
const wanted = process.argv.slice(2)
const setup = `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, wasm on one thread`
const ground = await openGround(CODEC_SETTING)

const measured: ArmResult[] = []
for (const seed of CODEC_SEEDS) {
  for (const arm of CODEC_ARMS) {
    const cell = await cellOf(arm, seed)
    if (cell !== undefined) measured.push({ arm, seed, loss: cell.mergedLoss ?? NaN, payloadBytes: cell.payloadBytes })
  }
  await writeFileAtomically(join(results, 'codec-loss.md'), [new TextEncoder().encode(codecLossTable(measured, setup))])
}

/** The stored cell, or else, where it is wanted, a new one. */
async function cellOf ({ point }: CodecArm, seed: number): Promise<StoredCell | undefined> {
  const cell = { point, seed, megabits: CODEC_MEGABITS }
  const name = cellName(cell)
  const stored = await store.read(name, hashOf(inputsOf(CODEC_SETTING, cell, ground.corpus)))
  if (stored !== undefined || (wanted.length > 0 && !wanted.some(part => name.includes(part)))) return stored
  const [result] = await runPoint(ground, point, seed, [CODEC_MEGABITS])
  if (result === undefined) throw new RangeError(`${name} gave nothing`)
  const written = { ...result, origin: { commit: softwareVersion(), date: new Date().toISOString().slice(0, 10), setup } }
  await store.write(name, written)
  process.stderr.write(`${name}: ${result.mergedLoss?.toFixed(4) ?? 'diverged'} nats per byte\n`)
  return written
}
