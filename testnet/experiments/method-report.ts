import { join } from 'node:path'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import type { ChartPoint } from '../report/line-chart.ts'
import { estimate } from '../report/statistics.ts'
import type { MethodOutcome } from './method-bench.ts'
import { methodChartSvg } from './method-chart.ts'
import type { MethodSeries } from './method-chart.ts'
import type { Grid } from './method-grid.ts'
import { methodPage, timeChartName } from './method-page.ts'
import { bestRow, frontOf, labelOf, offersWorthDrawing, rowsOf } from './method-rows.ts'
import type { Offer, Row } from './method-rows.ts'
import type { CurvePoint } from './method-run.ts'
import type { StoredCell } from './method-store.ts'

/** Writes the page and its plots into a folder. @returns the page's path */
export async function writeMethodReport (folder: string, grid: Grid, outcomes: readonly MethodOutcome[]): Promise<string> {
  const path = join(folder, 'methods.md')
  for (const [name, text] of methodReport(grid, outcomes)) {
    await writeFileAtomically(join(folder, name), [new TextEncoder().encode(text)])
  }
  return path
}

/** The page and its plots by file name. */
export function methodReport (grid: Grid, outcomes: readonly MethodOutcome[]): ReadonlyArray<readonly [string, string]> {
  const rows = rowsOf(outcomes, grid.links[0] ?? 0)
  return [['methods.md', methodPage(grid, outcomes, rows)], ...methodPlots(grid, rows)]
}

function methodPlots (grid: Grid, rows: readonly Row[]): ReadonlyArray<readonly [string, string]> {
  const presets = grid.methods.map(({ preset }) => preset)
  const offers = offersWorthDrawing(rows)
  const best = presets.flatMap(preset => bestRow(rows, preset) ?? [])
  const yLabel = 'held-out nats per byte'
  return [
    ['methods-front.svg', methodChartSvg({
      title: 'Held-out loss against bytes; grey: the Pareto front, °: replicas as they are',
      xLabel: 'kB a peer sent, the merge included', yLabel,
      series: offers.map(offer => ({ name: labelOf(offer), place: presets.indexOf(offer.row.preset as typeof presets[number]), points: [pointOf(offer)] })),
      front: frontOf(offers).map(pointOf)
    })],
    ['methods-bytes.svg', methodChartSvg({
      title: 'Held-out loss of the replicas’ mean as bytes are sent', xLabel: 'kB of payload a peer sent', yLabel,
      series: best.map(row => curveOf(row, row.cells, presets.indexOf(row.preset as typeof presets[number]), point => point.payloadBytes / 1000))
    })],
    ...grid.links.map((megabits): readonly [string, string] => [timeChartName(megabits), methodChartSvg({
      title: `Held-out loss of the replicas’ mean over simulated time at ${megabits} Mbit/s`, xLabel: 'simulated seconds', yLabel,
      series: best.map(row => curveOf(row, row.all.filter(({ inputs }) => inputs.megabits === megabits), presets.indexOf(row.preset as typeof presets[number]), point => point.seconds))
    })])
  ]
}

function pointOf ({ bytes, loss }: Offer): ChartPoint {
  return { x: bytes / 1000, y: loss.mean, ...marginOf(loss.margin) }
}

/** The mean over seeds at each mark, with its interval. Nothing that was not sent has a place on a logarithmic axis. */
function curveOf (row: Row, cells: readonly StoredCell[], place: number, abscissa: (point: CurvePoint) => number): MethodSeries {
  const steps = cells[0]?.curve.map(({ step }) => step) ?? []
  const points = steps.flatMap((step): ChartPoint[] => {
    const at = cells.flatMap(({ curve }) => curve.filter(point => point.step === step))
    const loss = estimate(at.map(point => point.loss ?? Infinity))
    const x = estimate(at.map(abscissa)).mean
    return x > 0 && Number.isFinite(loss.mean) && at.length === cells.length ? [{ x, y: loss.mean, ...marginOf(loss.margin) }] : []
  })
  return { name: row.label, place, points }
}

function marginOf (margin: number): Pick<ChartPoint, 'margin'> {
  return Number.isFinite(margin) ? { margin } : {}
}
