import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'
import { TUNING_SEED } from '../method-grid.ts'
import type { CellResult } from '../method-run.ts'
import type { StoredCell } from '../method-store.ts'
import type { Arm } from './arms.ts'
import { bytesToLoss } from './bytes-to-loss.ts'
import { excessOf, ratioOf } from './comparison.ts'
import type { Ratio } from './comparison.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

/** One run of a row. */
export interface Sample extends Pick<CellResult, 'mergedLoss' | 'replicasLoss' | 'payloadBytes' | 'mergeBytes' | 'curve'> {
  readonly seed: number
}

/** A method over its paired seeds. */
export interface LabRow {
  readonly name: string
  readonly what: string
  readonly everySteps: number
  readonly learningRate: number
  readonly samples: readonly Sample[]
  /** How often what was measured crosses a peer’s uplink in the system that the row stands for; 1 for our own. */
  readonly sentTimes: number
}

/** A row for each arm that has been measured at all. */
export function rowsOfArms (arms: readonly Arm[], results: Results<Trained>, seeds: readonly number[]): readonly LabRow[] {
  return arms.flatMap(({ name, what, point, sentTimes = 1 }): LabRow[] => {
    const samples = seeds.flatMap((seed): Sample[] => {
      const measured = results.get(`${name}-seed${seed}`)
      return measured === undefined ? [] : [{ seed, ...measured.result }]
    })
    const { everySteps } = methodPreset(point.preset, point.overrides)
    return samples.length === 0 ? [] : [{ name, what, everySteps, learningRate: point.learningRate, samples, sentTimes }]
  })
}

/** Every point of methods.md that was repeated on paired seeds, on the link that was tuned on, with its raw cells as they lie in a folder; `what` is the preset. */
export async function publishedRows (folder: string, tunedLink: number): Promise<readonly LabRow[]> {
  const reported = (await storedCells(folder, tunedLink)).filter(({ inputs }) => inputs.seed !== TUNING_SEED)
  return [...new Set(reported.map(({ preset, point }) => `${preset} ${point}`))].map(key => rowOfCells(reported.filter(({ preset, point }) => `${preset} ${point}` === key)))
}

/** What the rates and constants of methods.md were chosen by. */
export async function tuningCells (folder: string, tunedLink: number): Promise<readonly StoredCell[]> {
  return (await storedCells(folder, tunedLink)).filter(({ inputs }) => inputs.seed === TUNING_SEED)
}

async function storedCells (folder: string, link: number): Promise<readonly StoredCell[]> {
  const files = (await readdir(folder)).filter(name => name.endsWith(`-${link}mbit.json`)).sort()
  return Promise.all(files.map(async file => JSON.parse(await readFile(join(folder, file), 'utf8')) as StoredCell))
}

/** Of each preset the row with the lowest mean loss. */
export function bestOfEach (rows: readonly LabRow[]): readonly LabRow[] {
  return [...new Set(rows.map(({ what }) => what))].flatMap(preset => bestOf(rows.filter(({ what }) => what === preset)) ?? [])
}

export function bestOf (rows: readonly LabRow[]): LabRow | undefined {
  return rows.reduce<LabRow | undefined>((best, row) => best === undefined || lossOver(row).mean < lossOver(best).mean ? row : best, undefined)
}

function rowOfCells (cells: readonly StoredCell[]): LabRow {
  const [{ preset, inputs: { method, inner } }] = cells as readonly [StoredCell]
  const rate = method.outer.kind === 'sign' ? method.outer.learningRate : inner.learningRate
  return { name: method.everySteps > 1 ? `${preset} ${method.everySteps}` : preset, what: preset, everySteps: method.everySteps, learningRate: rate, samples: cells.map(cell => ({ seed: cell.inputs.seed, ...cell })), sentTimes: 1 }
}

export function lossOver ({ samples }: LabRow): Estimate {
  return estimate(samples.map(mergedLossOf))
}

export function mergedLossOf ({ mergedLoss }: Sample): number {
  return mergedLoss ?? Infinity
}

/** Bytes that a peer sent for the merged model. */
export function sentOf ({ sentTimes }: LabRow, { payloadBytes, mergeBytes }: Sample): number {
  return sentTimes * payloadBytes + mergeBytes
}

type Paired = ReadonlyArray<readonly [ours: Sample, theirs: Sample]>

/** Runs of the same seed. */
export function pairsOf (row: LabRow, other: LabRow): Paired {
  return row.samples.flatMap(ours => other.samples.filter(({ seed }) => seed === ours.seed).map(theirs => [ours, theirs] as const))
}

/** By how much a row’s loss is above another’s at the end, as a share. */
export function excessOver (row: LabRow, other: LabRow): Estimate {
  const pairs = pairsOf(row, other)
  return excessOf(pairs.map(([ours]) => mergedLossOf(ours)), pairs.map(([, theirs]) => mergedLossOf(theirs)))
}

/** What a row sent, as a share of what another did. */
export function shareOfBytes (row: LabRow, other: LabRow): Ratio {
  return ratioOf(pairsOf(row, other).map(([ours, theirs]) => sentOf(row, ours) / sentOf(other, theirs)))
}

/**
 * Bytes to the loss at which the other ended, and `slack` more, as a share of what the other itself needed to get that far.
 *
 * @returns undefined where a run of the row never got there
 */
export function shareOfBytesToLoss (row: LabRow, other: LabRow, slack: number): Ratio | undefined {
  const ratios = pairsOf(row, other).map(([ours, theirs]) => {
    const target = mergedLossOf(theirs) * (1 + slack)
    const [needed, reference] = [bytesToLoss(curveOf(row, ours), target), bytesToLoss(curveOf(other, theirs), target)]
    return needed === undefined || reference === undefined ? undefined : needed / reference
  })
  return ratios.length === 0 || ratios.includes(undefined) ? undefined : ratioOf(ratios as readonly number[])
}

/** Whoever wants the one model of a mark merges there, and sends that, too. */
function curveOf ({ sentTimes }: LabRow, { curve, mergeBytes }: Sample): ReadonlyArray<{ readonly bytes: number, readonly loss: number }> {
  return curve.map(({ payloadBytes, loss }) => ({ bytes: sentTimes * payloadBytes + mergeBytes, loss: loss ?? Infinity }))
}
