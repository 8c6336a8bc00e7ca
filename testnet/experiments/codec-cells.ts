import { cpus } from 'node:os'
import { softwareVersion } from '../../node/cli/software.ts'
import { CODEC_MEGABITS, CODEC_SETTING } from './codec-loss-arms.ts'
import type { Ground } from './method-ground.ts'
import { runPoint } from './method-run.ts'
import { cellName, hashOf, inputsOf } from './method-setting.ts'
import type { Point } from './method-setting.ts'
import type { CellStore, StoredCell } from './method-store.ts'

export const CODEC_SETUP = `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, wasm on one thread`

/**
 * The stored cell of a point, or else a new one, which is stored at once, so that an interrupted bench goes on where it stopped.
 *
 * @param wanted parts of names of which a new cell's must have one; none for all
 * @returns undefined where it is neither stored nor wanted
 */
export async function codecCell (store: CellStore, ground: Ground, point: Point, seed: number, wanted: readonly string[]): Promise<StoredCell | undefined> {
  const cell = { point, seed, megabits: CODEC_MEGABITS }
  const name = cellName(cell)
  const stored = await store.read(name, hashOf(inputsOf(CODEC_SETTING, cell, ground.corpus)))
  if (stored !== undefined || (wanted.length > 0 && !wanted.some(part => name.includes(part)))) return stored
  const [result] = await runPoint(ground, point, seed, [CODEC_MEGABITS])
  if (result === undefined) throw new RangeError(`${name} gave nothing`)
  const written = { ...result, origin: { commit: softwareVersion(), date: new Date().toISOString().slice(0, 10), setup: CODEC_SETUP } }
  await store.write(name, written)
  process.stderr.write(`${name}: ${result.mergedLoss?.toFixed(4) ?? 'diverged'} nats per byte\n`)
  return written
}
